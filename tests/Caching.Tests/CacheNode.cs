using Fettle.Testing;

namespace Fettle.Caching.Tests;

/// <summary>One node: a cache over its own view of a shared fake second tier, or over memory only.</summary>
internal sealed class CacheNode : IAsyncDisposable
{
    public CacheNode(TimeProvider time, FakeServer? server = null, CategoryOptions? options = null, Action<FettleCacheOptions>? configure = null, bool isConnected = true)
    {
        Tier = server is null ? null! : new FakeSecondTier(server) { State = isConnected ? SecondTierState.Available : SecondTierState.Unavailable };
        var cacheOptions = new FettleCacheOptions { Time = time, Notice = n => Notices.Add(n.Message) };
        configure?.Invoke(cacheOptions);
        Cache = new FettleCache(cacheOptions, Tier);
        Values = Cache.Category(options ?? new CategoryOptions("values"), Text.Serializer);
    }

    public FettleCache Cache { get; }

    public CacheCategory<string?> Values { get; }

    public FakeSecondTier Tier { get; }

    public List<string> Notices { get; } = [];

    public ValueTask<string?> Get(string key, string loads, params string[] tags) =>
        Values.GetOrCreateAsync(key, _ => ValueTask.FromResult<string?>(loads), tags);

    public ValueTask DisposeAsync() => Cache.DisposeAsync();
}

internal sealed class Text : ICacheSerializer<string?>
{
    public static readonly Text Serializer = new();

    public void Serialize(string? value, System.Buffers.IBufferWriter<byte> destination) =>
        destination.Write(System.Text.Encoding.UTF8.GetBytes(value!).AsSpan());

    public string? Deserialize(ReadOnlySpan<byte> source) => System.Text.Encoding.UTF8.GetString(source);
}

file static class Writing
{
    public static void Write(this System.Buffers.IBufferWriter<byte> writer, ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(writer.GetSpan(bytes.Length));
        writer.Advance(bytes.Length);
    }
}

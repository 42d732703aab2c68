using System.Buffers;
using System.Text;
using Fettle.Testing;

namespace Fettle.Caching.Redis.Tests;

/// <summary>A whole node: a cache over a Redis tier of its own.</summary>
public sealed class CacheNode : IAsyncDisposable
{
    public CacheNode(RedisSecondTierOptions tier, CategoryOptions category, FettleCacheOptions? cache = null)
    {
        Tier = new RedisSecondTier(tier);
        Cache = new FettleCache(cache ?? Patient(), Tier);
        Values = Cache.Category(category, new NumberSerializer());
    }

    public RedisSecondTier Tier { get; }

    public FettleCache Cache { get; }

    public CacheCategory<long> Values { get; }

    /// <summary>A budget that a busy test machine keeps.</summary>
    public static FettleCacheOptions Patient() => new()
    {
        SecondTierBudget = TimeSpan.FromSeconds(10),
        FirstProbeDelay = TimeSpan.FromMilliseconds(20),
        MaxProbeDelay = TimeSpan.FromMilliseconds(100),
    };

    public async Task<CacheNode> ReadyAsync()
    {
        await Eventually.IsTrueAsync(() => Tier.State == SecondTierState.Available && Cache.IsSecondTierUsable, "the second tier is usable");
        return this;
    }

    public ValueTask DisposeAsync() => Cache.DisposeAsync();

    sealed class NumberSerializer : ICacheSerializer<long>
    {
        public void Serialize(long value, IBufferWriter<byte> destination) => destination.Write(Encoding.UTF8.GetBytes(value.ToString(System.Globalization.CultureInfo.InvariantCulture)));

        public long Deserialize(ReadOnlySpan<byte> source) => long.Parse(source, System.Globalization.CultureInfo.InvariantCulture);
    }
}

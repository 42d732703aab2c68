using System.Collections.Concurrent;
using System.IO.Compression;
using Fettle.Caching;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Primitives;

namespace Fettle.AspNetCore;

/// <summary>Registers the answer cache.</summary>
public static class AnswerCacheExtensions
{
    /// <summary>
    /// Lets endpoints with a <see cref="DeliveryPolicy"/> keep whole answers in the category <c>answers</c> of the registered cache, behind the
    /// switch <c>answer-cache</c>, off by default. It stands inside the compression, so no client gets another's encoding; an answer of 1 KB
    /// and more is compressed once per encoding and kept so.
    /// </summary>
    /// <param name="services">The service's parts; <see cref="FettleCacheExtensions.AddFettleCache"/> must be among them.</param>
    /// <param name="configure">Changes the category's options. Default: 5 minutes, 10,000 entries, 64 MiB, memory only.</param>
    public static IServiceCollection AddAnswerCache(this IServiceCollection services, Action<CategoryOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        var options = new CategoryOptions(AnswerCache.CategoryName)
        {
            MaxEntries = 10_000,
            MaxBytes = 64 << 20,
            UseSecondTier = false,
            SizeOf = (CachedAnswer answer) => (long)answer.Body.Length + 256,
        };
        configure?.Invoke(options);
        services.TryAddSingleton(provider => new AnswerCache(
            provider.GetRequiredService<FettleCache>().Category<CachedAnswer>(options), provider.GetRequiredService<SwitchRegistry>()));
        return services;
    }
}

/// <summary>Whole answers in memory.</summary>
internal sealed class AnswerCache
{
    public const string CategoryName = "answers";
    public const string SwitchName = "answer-cache";

    /// <summary>Longer answers are not kept, bytes.</summary>
    public const int LongestBody = 4 << 20;

    /// <summary>An answer is compressed once and sent often, so more work is worth it than for one that is sent once.</summary>
    const int BrotliQuality = 5;
    const int BrotliWindow = 22;

    readonly CacheCategory<CachedAnswer> _answers;
    readonly SwitchRegistry _switches;
    Switch? _compression;

    public AnswerCache(CacheCategory<CachedAnswer> answers, SwitchRegistry switches)
    {
        (_answers, _switches) = (answers, switches);
        Switch = switches.Add(new SwitchDefinition(
            SwitchName, "delivery", "Keeps whole answers until the data or the model changes, compressed once per encoding", SwitchRisk.Medium, NeedsWarmup: true)
        {
            Saves = [SwitchDefinition.WholeAnswer],
        });
    }

    public Switch Switch { get; }

    public CachedAnswer? Find(string key) => _answers.TryGet(key, out var answer, countMiss: true) ? answer : null;

    public ValueTask KeepAsync(string key, CachedAnswer answer) => _answers.SetAsync(key, answer);

    /// <summary>The answer in an encoding that the client takes; null when it is to be sent as it is.</summary>
    public (string Encoding, byte[] Body)? Encoded(CachedAnswer answer, StringValues accepted)
    {
        if (answer.Body.Length < ThresholdCompression.MinimumLength || !CompressionExtensions.IsCompressible(answer.ContentType)
            || (_compression ??= _switches.Find(CompressionExtensions.SwitchName)) is not { On: true })
        {
            return null;
        }

        return AcceptedEncoding.Choose(accepted) is { } encoding
            ? (encoding, answer.Encodings.GetOrAdd(encoding, static (name, body) => Compress(name, body), answer.Body))
            : null;
    }

    static byte[] Compress(string encoding, byte[] body)
    {
        if (encoding == AcceptedEncoding.Brotli)
        {
            var buffer = new byte[BrotliEncoder.GetMaxCompressedLength(body.Length)];
            return BrotliEncoder.TryCompress(body, buffer, out var written, BrotliQuality, BrotliWindow) ? buffer[..written] : throw new InvalidOperationException("Brotli did not fit its own bound");
        }

        using var compressed = new MemoryStream();
        using (var gzip = new GZipStream(compressed, CompressionLevel.Optimal))
        {
            gzip.Write(body);
        }

        return compressed.ToArray();
    }
}

/// <summary>An answer as it is kept; <c>IsKept</c> is false for one that is for its caller alone.</summary>
internal sealed record CachedAnswer(int Status, string? ContentType, byte[] Body, string ETag, bool IsKept)
{
    /// <summary>The body compressed, made when first asked for.</summary>
    public ConcurrentDictionary<string, byte[]> Encodings { get; } = new(StringComparer.Ordinal);
}

/// <summary>Reads <c>Accept-Encoding</c>.</summary>
internal static class AcceptedEncoding
{
    public const string Brotli = "br";
    public const string Gzip = "gzip";

    /// <summary>The better of Brotli and gzip that the client takes; one with <c>q=0</c> it does not. Null for neither.</summary>
    public static string? Choose(StringValues accepted)
    {
        var header = accepted.ToString();
        return Takes(header, Brotli) ? Brotli : Takes(header, Gzip) ? Gzip : null;
    }

    /// <summary>Whether the client takes an encoding.</summary>
    public static bool Takes(string header, string name)
    {
        foreach (var range in header.AsSpan().Split(','))
        {
            var one = header.AsSpan()[range].Trim();
            var semicolon = one.IndexOf(';');
            var coding = semicolon < 0 ? one : one[..semicolon].TrimEnd();
            if (coding.Equals(name, StringComparison.OrdinalIgnoreCase))
            {
                return semicolon < 0 || !IsZero(one[(semicolon + 1)..].Trim());
            }
        }

        return false;
    }

    /// <summary>Whether a weight such as <c>q=0.00</c> is nothing.</summary>
    static bool IsZero(ReadOnlySpan<char> weight) =>
        weight.StartsWith("q=", StringComparison.OrdinalIgnoreCase)
        && double.TryParse(weight[2..].Trim(), System.Globalization.NumberStyles.AllowDecimalPoint, System.Globalization.CultureInfo.InvariantCulture, out var q) && q == 0;
}

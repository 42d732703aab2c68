using System.Text.Json;
using System.Text.Json.Serialization;

namespace Fettle.Caching;

/// <summary>The wire form of the statistics, <c>fettle.cache/1</c>: what <c>GET /fettle/cache</c> answers and <c>fettle cache stats</c> reads.</summary>
public static class CacheJson
{
    /// <summary>The schema's name.</summary>
    public const string Schema = "fettle.cache/1";

    /// <summary>Writes the statistics as JSON (UTF-8).</summary>
    public static byte[] Write(CacheStatistics statistics)
    {
        ArgumentNullException.ThrowIfNull(statistics);
        return JsonSerializer.SerializeToUtf8Bytes(
            new CacheDocument(Schema, statistics.Bytes, statistics.MaxBytes, statistics.Categories, statistics.SecondTier), CacheJsonContext.Default.CacheDocument);
    }

    /// <summary>Writes the result of a warming as JSON (UTF-8).</summary>
    public static byte[] Write(WarmProgress warmed) => JsonSerializer.SerializeToUtf8Bytes(
        new WarmDocument(warmed.Items, warmed.Errors, warmed.Bytes, warmed.Elapsed.TotalSeconds, warmed.FirstError), CacheJsonContext.Default.WarmDocument);
}

internal sealed record CacheDocument(string Schema, long Bytes, long MaxBytes, IReadOnlyList<CategoryStatistics> Categories, SecondTierHealth? SecondTier);

internal sealed record WarmDocument(int Items, int Errors, long Bytes, double Seconds, string? FirstError);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(CacheDocument))]
[JsonSerializable(typeof(WarmDocument))]
internal sealed partial class CacheJsonContext : JsonSerializerContext;

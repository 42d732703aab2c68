using System.Text.Json;
using System.Text.Json.Serialization;

namespace Fettle.Caching;

/// <summary>Keeps the popular keys of every category across restarts: what predictive warming loads first after a start.</summary>
public static class PopularityFile
{
    const int KeysPerCategory = 1000;

    /// <summary>Writes beside the target and renames, so that a crash leaves the old file.</summary>
    public static async Task SaveAsync(FettleCache cache, string path, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(cache);
        var document = new PopularityDocument("fettle.popularity/1", cache.Categories.ToDictionary(
            c => c.Name,
            c => c.PopularKeys().GroupBy(k => k.Key)
                .Select(g => new PopularityRow(g.Key, g.Sum(k => k.Hits), g.Sum(k => k.SavedMicroseconds)))
                .OrderByDescending(r => r.Hits).Take(KeysPerCategory).ToArray()));
        var temporary = path + ".tmp";
        await File.WriteAllBytesAsync(temporary, JsonSerializer.SerializeToUtf8Bytes(document, PopularityJson.Default.PopularityDocument), cancellationToken);
        File.Move(temporary, path, overwrite: true);
    }

    /// <summary>Reads the file into the categories that exist, at half weight; a missing or damaged file changes nothing.</summary>
    /// <returns>Whether a file was read.</returns>
    public static async Task<bool> LoadAsync(FettleCache cache, string path, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(cache);
        try
        {
            var bytes = await File.ReadAllBytesAsync(path, cancellationToken);
            if (JsonSerializer.Deserialize(bytes, PopularityJson.Default.PopularityDocument) is not { Schema: "fettle.popularity/1", Categories: { } categories })
            {
                return false;
            }

            foreach (var (name, rows) in categories)
            {
                cache.Find(name)?.AddPopular(rows.Select(r => new Statistics.KeyUse(r.Key, r.Hits / 2, 0)));
            }

            return true;
        }
        catch (Exception e) when (e is IOException or JsonException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}

internal sealed record PopularityDocument(string Schema, Dictionary<string, PopularityRow[]>? Categories);

internal sealed record PopularityRow(string Key, long Hits, long SavedMicroseconds);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(PopularityDocument))]
internal sealed partial class PopularityJson : JsonSerializerContext;

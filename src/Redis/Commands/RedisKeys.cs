using System.Globalization;
using System.Runtime.CompilerServices;

namespace Fettle.Redis;

/// <summary>Commands on the key space and the server.</summary>
public static class RedisKeys
{
    /// <summary>
    /// SCAN: all keys that match a glob pattern, page by page. A key that is there from start to end is returned at least once;
    /// one may come twice.
    /// </summary>
    /// <param name="redis">The connection.</param>
    /// <param name="pattern">Glob pattern of the server: <c>*</c>, <c>?</c>, <c>[a-c]</c>, backslash escapes.</param>
    /// <param name="pageSize">Keys the server looks at in one call, 1 to 100,000.</param>
    /// <param name="cancellation">Ends the scan.</param>
    public static async IAsyncEnumerable<byte[]> ScanAsync(
        this RedisConnection redis, string pattern, int pageSize = 500, [EnumeratorCancellation] CancellationToken cancellation = default)
    {
        Throw.InRange(nameof(pageSize), pageSize, 1, 100_000, "A page is one step of the server's single thread.");
        var cursor = "0";
        do
        {
            var reply = await redis.ExecuteAsync(["SCAN", cursor, "MATCH", pattern, "COUNT", pageSize], cancellation);
            cursor = reply.Items[0].AsText()!;
            var keys = reply.Items[1];
            for (var i = 0; i < keys.Items.Length; i++)
            {
                yield return keys.Items[i].AsBytes()!;
            }
        }
        while (cursor != "0");
    }

    /// <summary>DBSIZE: keys in the database.</summary>
    public static ValueTask<long> CountKeysAsync(this RedisConnection redis, CancellationToken cancellation = default) => redis.Int64Async(["DBSIZE"], cancellation);

    /// <summary>INFO: the server's facts by name, such as <c>used_memory</c> and <c>redis_version</c>.</summary>
    /// <param name="redis">The connection.</param>
    /// <param name="section">Section, such as <c>memory</c>; null means the default ones.</param>
    /// <param name="cancellation">Cancels the wait.</param>
    public static async ValueTask<IReadOnlyDictionary<string, string>> InfoAsync(this RedisConnection redis, string? section = null, CancellationToken cancellation = default)
    {
        var text = section is null ? await redis.TextAsync(["INFO"], cancellation) : await redis.TextAsync(["INFO", section], cancellation);
        var facts = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var line in text!.Split('\n'))
        {
            var colon = line.IndexOf(':');
            if (colon > 0 && line[0] != '#')
            {
                facts[line[..colon]] = line[(colon + 1)..].TrimEnd('\r');
            }
        }

        return facts;
    }

    /// <summary>The server's INFO used_memory in bytes.</summary>
    public static async ValueTask<long> UsedMemoryAsync(this RedisConnection redis, CancellationToken cancellation = default)
    {
        var facts = await redis.InfoAsync("memory", cancellation);
        return facts.TryGetValue("used_memory", out var text) && long.TryParse(text, CultureInfo.InvariantCulture, out var bytes) ? bytes : 0;
    }
}

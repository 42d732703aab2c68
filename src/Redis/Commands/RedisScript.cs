using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;

namespace Fettle.Redis;

/// <summary>
/// A Lua script that runs on the server in one step. Only its digest is sent (EVALSHA); a server that does not know it (restarted,
/// flushed) gets the text once and runs it then.
/// </summary>
public sealed class RedisScript
{
    readonly string _source;

    /// <param name="source">Lua text; keys as KEYS[1]…, other values as ARGV[1]….</param>
    public RedisScript([StringSyntax("lua")] string source)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(source);
        _source = source;
        Digest = Convert.ToHexStringLower(SHA1.HashData(Encoding.UTF8.GetBytes(source)));
    }

    /// <summary>SHA-1 of the text, in hexadecimal: its name on the server.</summary>
    public string Digest { get; }

    /// <summary>Runs the script.</summary>
    /// <param name="redis">The connection.</param>
    /// <param name="keys">How many of the <paramref name="arguments"/> are keys; they come first.</param>
    /// <param name="arguments">Keys, then values.</param>
    /// <param name="cancellation">Cancels the wait; the script may run all the same.</param>
    /// <exception cref="RedisServerException">The script failed.</exception>
    public async ValueTask<RedisReply> RunAsync(RedisConnection redis, int keys, ReadOnlyMemory<RedisArgument> arguments, CancellationToken cancellation = default)
    {
        try
        {
            return await redis.ExecuteAsync(["EVALSHA", Digest, keys, .. arguments.Span], cancellation);
        }
        catch (RedisServerException e) when (e.Code == "NOSCRIPT")
        {
            return await redis.ExecuteAsync(["EVAL", _source, keys, .. arguments.Span], cancellation);
        }
    }
}

using System.Collections.Immutable;

namespace Fettle.Redis;

/// <summary>How the server tells the connection that keys changed (CLIENT TRACKING; Redis 6 and later, RESP3 only).</summary>
public sealed record RedisTracking
{
    /// <summary>
    /// Broadcast mode: every change of a key with one of these prefixes is sent, whether it was read here or not.
    /// Empty (default) means opt-in: only keys read by a command that follows CLIENT CACHING YES are followed.
    /// No prefix may begin with another; each costs the server time on every write.
    /// </summary>
    public ImmutableArray<string> Prefixes
    {
        get;
        set
        {
            var prefixes = value.IsDefault ? [] : value;
            foreach (var one in prefixes)
            {
                foreach (var other in prefixes)
                {
                    if (string.IsNullOrEmpty(one) || (!ReferenceEquals(one, other) && other.StartsWith(one, StringComparison.Ordinal)))
                    {
                        Throw.Invalid(nameof(Prefixes), string.Join(", ", prefixes), "non-empty prefixes none of which begins with another", "Remove the longer one.");
                    }
                }
            }

            field = prefixes;
        }
    } = [];

    /// <summary>
    /// Follow every key that any command of this connection reads, scripts included; default false. Not together with
    /// <see cref="Prefixes"/>.
    /// </summary>
    public bool EveryRead { get; set; }

    /// <summary>Do not send changes that this connection makes itself (default true). The server forgets the key all the same.</summary>
    public bool NoLoop { get; set; } = true;
}

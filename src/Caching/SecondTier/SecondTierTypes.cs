using System.Buffers;

namespace Fettle.Caching;

/// <summary>What a second tier knows of its connection.</summary>
public enum SecondTierState
{
    /// <summary>Connected; announcements arrive.</summary>
    Available = 0,

    /// <summary>Not connected: calls would fail, so the cache makes none but probes.</summary>
    Unavailable = 1,
}

/// <summary>A key as the second tier sees it.</summary>
/// <param name="Category">The category's name.</param>
/// <param name="Key">The caller's key.</param>
public readonly record struct SecondTierKey(string Category, string Key);

/// <summary>Whether a read takes a lease on a miss, and for how long at most.</summary>
/// <param name="Duration">How long the lease lives; zero takes none.</param>
public readonly record struct LeaseRequest(TimeSpan Duration)
{
    /// <summary>Take no lease.</summary>
    public static LeaseRequest None => default;
}

/// <summary>The right to store a loaded value. All who ask while a lease is valid share its token; one of them owns it.</summary>
/// <param name="Token">Opaque; null when no lease was taken.</param>
/// <param name="IsOwner">True for the caller that created the lease: the one that loads where a category asks for one load per cluster.</param>
public readonly record struct SecondTierLease(string? Token, bool IsOwner);

/// <summary>The answer to a read. Dispose it after decoding.</summary>
public readonly struct SecondTierValue : IDisposable
{
    readonly IMemoryOwner<byte>? _owner;

    /// <summary>A hit.</summary>
    /// <param name="bytes">The stored bytes; valid until <see cref="Dispose"/>.</param>
    /// <param name="remaining">The time to live that is left.</param>
    /// <param name="owner">Returned to its pool by <see cref="Dispose"/>.</param>
    public SecondTierValue(ReadOnlyMemory<byte> bytes, TimeSpan remaining, IMemoryOwner<byte>? owner = null)
    {
        Found = true;
        Bytes = bytes;
        Remaining = remaining;
        _owner = owner;
    }

    /// <summary>A miss, with the lease if one was asked for.</summary>
    public SecondTierValue(SecondTierLease lease) => Lease = lease;

    /// <summary>Whether a valid value was there.</summary>
    public bool Found { get; }

    /// <summary>The stored bytes; empty on a miss.</summary>
    public ReadOnlyMemory<byte> Bytes { get; }

    /// <summary>The time to live that is left.</summary>
    public TimeSpan Remaining { get; }

    /// <summary>The lease taken on a miss.</summary>
    public SecondTierLease Lease { get; }

    /// <summary>Gives the buffer back.</summary>
    public void Dispose() => _owner?.Dispose();
}

/// <summary>How a value is stored.</summary>
/// <param name="TimeToLive">How long the tier keeps it; positive.</param>
/// <param name="Tags">The tags it carries; may be empty.</param>
/// <param name="LeaseToken">The lease the store depends on; null stores always.</param>
public readonly record struct SecondTierStore(TimeSpan TimeToLive, IReadOnlyList<string> Tags, string? LeaseToken);

/// <summary>The result of a store.</summary>
public enum SecondTierWrite
{
    /// <summary>The value is there.</summary>
    Stored = 0,

    /// <summary>The lease was no longer valid; nothing changed.</summary>
    Superseded = 1,
}

/// <summary>Where a second tier delivers what other nodes changed.</summary>
public abstract class SecondTierSink
{
    /// <summary>Another node set or invalidated this. A set is announced as <see cref="InvalidationKind.Key"/>.</summary>
    public abstract void Invalidated(in Invalidation invalidation);

    /// <summary>
    /// Announcements may have been lost, or an attempt to connect has failed: the memory tier forgets what it holds for the second tier,
    /// and loads that run do not store.
    /// </summary>
    public abstract void ConnectionLost();

    /// <summary>The connection is back: the breaker may probe at once.</summary>
    public abstract void ConnectionRestored();

    /// <summary>Something other than a lost connection keeps the tier from serving, such as a refused command: for the log. The tier goes on trying.</summary>
    /// <param name="problem">What it is and what the tier does about it, in one line.</param>
    public virtual void Troubled(string problem)
    {
    }
}

/// <summary>What a second tier tells of itself; a field it does not know is null.</summary>
/// <param name="Connected">Whether it is connected now.</param>
/// <param name="UsedMemoryBytes">Memory the server uses.</param>
/// <param name="Keys">Keys the server holds.</param>
/// <param name="Endpoint">Where it is, without secrets.</param>
public sealed record SecondTierStatistics(bool Connected, long? UsedMemoryBytes, long? Keys, string Endpoint);

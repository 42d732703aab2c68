namespace Fettle.Caching;

/// <summary>
/// The tier behind the memory tier: bytes in and out, shared by all nodes, with leases against late stores and a stream of invalidations.
/// </summary>
/// <remarks>
/// What the cache relies on (the coherence argument in docs/caching-proof.md uses nothing else):
/// <list type="number">
/// <item><b>Leases.</b> A lease of a key is valid from the call that returned it until the key is set or removed by anyone, until an
/// invalidation that covers it (tag, prefix, pattern, category, everything) is applied, or until its duration ends. A store with a lease
/// that is not valid changes nothing and returns <see cref="SecondTierWrite.Superseded"/>. Tags of a store count as of the lease: a tag
/// removed after the lease was taken covers the stored value, whether the store is refused or the value is never returned.</item>
/// <item><b>Reads.</b> A value covered by an invalidation that completed before the read began is never returned.</item>
/// <item><b>Order of one node.</b> A call that ended by timeout or cancellation has an unknown effect, but it takes no effect after a later
/// call of the same node has succeeded (fencing, for example by killing the node's old connection first), and a store takes none after a later
/// change of its key by another node.</item>
/// <item><b>Announcements.</b> After <see cref="GetAsync"/>, <see cref="LeaseAsync"/> or <see cref="SetAsync"/> of a key returned, every later
/// change of it by <i>another</i> node, and every invalidation by another node, reaches the sink; a node's own changes need not.
/// When announcements may have been lost, <see cref="SecondTierSink.ConnectionLost"/> is called before any later read is answered.</item>
/// <item><b>Failure.</b> Failures are exceptions. The cache bounds every call in time, so an implementation may hang without harm, but it
/// must observe the token, never block the calling thread, and say what it knows in <see cref="State"/>.</item>
/// </list>
/// A key is a category and a key, so that two categories never collide. Data versions travel inside the bytes.
/// </remarks>
public interface ISecondTier : IAsyncDisposable
{
    /// <summary>What the tier knows of its own health; read on every operation, so it must be a field read.</summary>
    SecondTierState State { get; }

    /// <summary>Starts the stream of invalidations. Called once, before any other call.</summary>
    /// <param name="sink">Called from any thread, in the order in which the tier applied the changes; it returns quickly and never throws.</param>
    void Subscribe(SecondTierSink sink);

    /// <summary>Reads a value with its remaining time to live; on a miss takes a lease when asked to.</summary>
    ValueTask<SecondTierValue> GetAsync(SecondTierKey key, LeaseRequest lease, CancellationToken cancellationToken);

    /// <summary>Reads many keys of one category in one round trip; the answers stand in the order of the keys.</summary>
    ValueTask<IReadOnlyList<SecondTierValue>> GetManyAsync(IReadOnlyList<SecondTierKey> keys, LeaseRequest lease, CancellationToken cancellationToken);

    /// <summary>Takes a lease although a value exists: the start of a refresh.</summary>
    ValueTask<SecondTierLease> LeaseAsync(SecondTierKey key, LeaseRequest lease, CancellationToken cancellationToken);

    /// <summary>
    /// Stores a value: with a lease only while the lease is valid; without one it ends every earlier lease of the key first, and then stores
    /// unless somebody changes the key meanwhile. A store ends every lease of the key.
    /// </summary>
    ValueTask<SecondTierWrite> SetAsync(SecondTierKey key, ReadOnlyMemory<byte> value, SecondTierStore store, CancellationToken cancellationToken);

    /// <summary>Applies invalidations in order, with work that does not grow with the number of entries, and announces them to the other nodes.</summary>
    ValueTask InvalidateAsync(IReadOnlyList<Invalidation> invalidations, CancellationToken cancellationToken);

    /// <summary>Answers when the tier can serve; the breaker's probe.</summary>
    ValueTask PingAsync(CancellationToken cancellationToken);

    /// <summary>What the tier can tell of itself: connection state, memory, keys.</summary>
    ValueTask<SecondTierStatistics> GetStatisticsAsync(CancellationToken cancellationToken);
}

using System.Collections.Concurrent;
using System.Globalization;
using Fettle.Testing;

namespace Fettle.Caching.Redis.Tests;

/// <summary>
/// A randomized check of the cache's promise on two nodes over a real redis-server behind faulty proxies.
/// <para>Model. Each key has a version in a source that only grows; the factory returns the version it saw and then takes its time. A
/// write raises the source and then, on one node, removes or sets the key, or removes its tag, prefix, pattern, the category or
/// everything. (1) Once that call has returned, no read of the same node that begins later returns less. (2) On the other node none that
/// begins later than the staleness bound after the change was delivered to the second tier returns less. (3) A read returns a version
/// that existed. (4) When faults end, both nodes agree with the source within the bound. The recent history of the key and the seed are
/// part of every failure.</para>
/// </summary>
internal sealed class CoherenceChecker(int seed, TierFixture fixture, RedisServer server, bool oneLoadPerCluster) : IAsyncDisposable
{
    const int Keys = 24;
    const int Groups = 4;
    const int WorkersPerNode = 4;
    static readonly TimeSpan Bound = TimeSpan.FromSeconds(1);

    // What the scheduler of a busy machine may add to the heartbeat, the push and the flush.
    static readonly TimeSpan Slack = TimeSpan.FromSeconds(2);

    readonly TimeProvider _time = TimeProvider.System;
    readonly long[] _source = new long[Keys];
    readonly long[][] _own = [new long[Keys], new long[Keys]];
    readonly long[][] _obliged = [new long[Keys], new long[Keys]];
    readonly SemaphoreSlim[] _writers = [.. Enumerable.Range(0, Groups).Select(_ => new SemaphoreSlim(1))];
    readonly FaultyProxy[] _proxies = [new(server.Port), new(server.Port)];
    readonly CacheNode[] _nodes = new CacheNode[2];
    readonly ConcurrentQueue<string>[] _history = [.. Enumerable.Range(0, Keys).Select(_ => new ConcurrentQueue<string>())];
    readonly ConcurrentQueue<string> _faults = new();
    readonly ConcurrentQueue<string> _failures = new();
    readonly ConcurrentBag<Task> _obligations = [];
    readonly CancellationTokenSource _stop = new();
    long _reads;
    long _writes;

    public long Reads => _reads;

    public long Writes => _writes;

    public IEnumerable<string> Faults => _faults;

    public int FaultCount { get; private set; }

    public async Task RunAsync(TimeSpan duration)
    {
        for (var n = 0; n < 2; n++)
        {
            var options = fixture.Options($"checker{seed}", _proxies[n].Port, Bound.TotalSeconds);
            var category = new CategoryOptions("c")
            {
                TimeToLive = TimeSpan.FromSeconds(30),
                RefreshAhead = 0.1,
                MemoryTimeToLive = TimeSpan.FromSeconds(25),
                StalenessBound = Bound,
                LeaseTime = TimeSpan.FromSeconds(2),
                OneLoadPerCluster = oneLoadPerCluster,
                MaxEntries = Keys - 4,
            };
            _nodes[n] = new CacheNode(options, category, new FettleCacheOptions { FirstProbeDelay = TimeSpan.FromMilliseconds(50), MaxProbeDelay = TimeSpan.FromMilliseconds(400), MaxPendingInvalidations = 20 });
            await _nodes[n].ReadyAsync();
        }

        var workers = Enumerable.Range(0, 2 * WorkersPerNode).Select(w => Task.Run(() => WorkAsync(w % 2, new Random((seed * 100) + w)))).ToArray();
        var faults = Task.Run(() => FaultAsync(new Random(seed * 7919)));
        await Task.Delay(duration, _time);
        await _stop.CancelAsync();
        await faults;
        await Task.WhenAll(workers);
        await Task.WhenAll(_obligations);
        await ConvergeAsync();
        if (!_failures.IsEmpty)
        {
            throw new InvalidOperationException($"seed {seed}: {_failures.Count} broken promises after {_reads} reads and {_writes} writes. The first:\n{_failures.First()}\nfaults:\n{string.Join('\n', _faults)}");
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var node in _nodes)
        {
            if (node is not null)
            {
                await node.DisposeAsync();
            }
        }

        foreach (var proxy in _proxies)
        {
            await proxy.DisposeAsync();
        }
    }

    static string Name(int key) => string.Create(CultureInfo.InvariantCulture, $"g{key % Groups}/k{key}");

    async Task WorkAsync(int node, Random random)
    {
        while (!_stop.IsCancellationRequested)
        {
            if (random.Next(8) == 0)
            {
                await WriteAsync(node, random);
            }
            else
            {
                await ReadAsync(node, random.Next(Keys), random.Next(4) == 0 ? random.Next(1, 20) : 0);
            }

            if (random.Next(3) == 0)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(random.Next(1, 4)), _time);
            }
        }
    }

    async Task ReadAsync(int node, int key, int loadMilliseconds)
    {
        var own = Volatile.Read(ref _own[node][key]);
        var obliged = Volatile.Read(ref _obliged[node][key]);
        var begun = _time.GetTimestamp();
        var loaded = false;
        long got;
        try
        {
            got = await _nodes[node].Values.GetOrCreateAsync(
                Name(key),
                async _ =>
                {
                    loaded = true;
                    var seen = Volatile.Read(ref _source[key]);
                    if (loadMilliseconds > 0)
                    {
                        await Task.Delay(TimeSpan.FromMilliseconds(loadMilliseconds), _time, CancellationToken.None);
                    }

                    return seen;
                },
                [$"t{key % Groups}"]);
        }
        catch (Exception e)
        {
            Fail(key, $"a read on node {node} failed: {e}");
            return;
        }

        Interlocked.Increment(ref _reads);
        Note(key, begun, $"node {node} read {got}{(loaded ? " (loaded)" : "")}");
        if (got < own || got < obliged)
        {
            Fail(key, $"node {node} read {got}; its own changes oblige it to {own}, the other's to {obliged}");
        }

        if (got > Volatile.Read(ref _source[key]))
        {
            Fail(key, $"node {node} read {got}, which never existed");
        }
    }

    async Task WriteAsync(int node, Random random)
    {
        var key = random.Next(Keys);
        var group = key % Groups;
        var kind = random.Next(20);
        int[] keys = kind switch
        {
            < 12 => [key],
            < 18 => [.. Enumerable.Range(0, Keys).Where(k => k % Groups == group)],
            _ => [.. Enumerable.Range(0, Keys)],
        };
        int[] locks = kind < 18 ? [group] : [.. Enumerable.Range(0, Groups)];
        foreach (var g in locks)
        {
            await _writers[g].WaitAsync();
        }

        try
        {
            var versions = keys.Select(k => Interlocked.Increment(ref _source[k])).ToArray();
            var begun = _time.GetTimestamp();
            var cache = _nodes[node];
            var what = kind switch
            {
                < 6 => "Remove",
                < 12 => "Set",
                < 14 => "RemoveByTag",
                < 16 => "RemoveByPrefix",
                < 18 => "RemoveByPattern",
                18 => "Clear",
                _ => "ClearAll",
            };
            await (what switch
            {
                "Remove" => cache.Values.RemoveAsync(Name(key)),
                "Set" => cache.Values.SetAsync(Name(key), versions[0], tags: [$"t{group}"]),
                "RemoveByTag" => cache.Cache.RemoveByTagAsync($"t{group}"),
                "RemoveByPrefix" => cache.Values.RemoveByPrefixAsync($"g{group}/"),
                "RemoveByPattern" => cache.Values.RemoveByPatternAsync($"g{group}/*"),
                "Clear" => cache.Values.ClearAsync(),
                _ => cache.Cache.ClearAsync(),
            });
            for (var i = 0; i < keys.Length; i++)
            {
                Raise(ref _own[node][keys[i]], versions[i]);
                Note(keys[i], begun, $"node {node} {what} to {versions[i]}");
            }

            Interlocked.Increment(ref _writes);
            _obligations.Add(ObligeOtherAsync(node, keys, versions));
        }
        finally
        {
            foreach (var g in locks)
            {
                _writers[g].Release();
            }
        }
    }

    /// <summary>The other node's time begins when the change has reached the second tier: what is kept for delivery has not.</summary>
    async Task ObligeOtherAsync(int node, int[] keys, long[] versions)
    {
        while (_nodes[node].Cache.Guard!.Pending > 0)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(10), _time);
        }

        await Task.Delay(Bound + Slack, _time);
        for (var i = 0; i < keys.Length; i++)
        {
            Raise(ref _obliged[1 - node][keys[i]], versions[i]);
        }
    }

    async Task FaultAsync(Random random)
    {
        while (!_stop.IsCancellationRequested)
        {
            await PauseAsync(random.Next(100, 600));
            var proxy = _proxies[random.Next(2)];
            var fault = random.Next(9);
            var length = random.Next(20, 1500);
            FaultCount++;
            var begun = _time.GetTimestamp();
            switch (fault)
            {
                case 0:
                    await server.KillAsync();
                    await PauseAsync(length);
                    await server.RestartAsync(empty: false);
                    break;
                case 1:
                    await server.KillAsync();
                    await PauseAsync(length);
                    await server.RestartAsync(empty: true);
                    break;
                case 2:
                    server.Pause();
                    await PauseAsync(length);
                    server.Resume();
                    break;
                case 3 or 4:
                    proxy.Cut();
                    break;
                case 5:
                    proxy.Hold();
                    await PauseAsync(length);
                    proxy.Release();
                    break;
                case 6:
                    proxy.Swallow = true;
                    await PauseAsync(length);
                    proxy.Swallow = false;
                    proxy.Cut();
                    break;
                case 7:
                    proxy.Delay = TimeSpan.FromMilliseconds(random.Next(1, 60));
                    await PauseAsync(length);
                    proxy.Delay = TimeSpan.Zero;
                    break;
                default:
                    var damage = new Random(random.Next());
                    proxy.RewriteReplies = bytes => damage.Next(20) switch
                    {
                        0 => [.. bytes, .. bytes],
                        1 => [.. "-ERR garbage\r\n$$"u8],
                        _ => bytes,
                    };
                    await PauseAsync(length / 4);
                    proxy.RewriteReplies = null;
                    proxy.Cut();
                    break;
            }

            string[] names = ["kill, restart", "kill, restart empty", "SIGSTOP", "cut", "cut", "hold", "swallow", "delay", "garbage"];
            _faults.Enqueue($"{Text(begun)}-{Text(_time.GetTimestamp())} {names[fault]}");
        }
    }

    async Task PauseAsync(int milliseconds)
    {
        try
        {
            await Task.Delay(TimeSpan.FromMilliseconds(milliseconds), _time, _stop.Token);
        }
        catch (OperationCanceledException)
        {
            // The run ends: the fault is undone by the caller.
        }
    }

    async Task ConvergeAsync()
    {
        foreach (var node in _nodes)
        {
            await node.ReadyAsync();
            await Eventually.IsTrueAsync(() => node.Cache.Guard!.Pending == 0, "everything kept is delivered");
        }

        await Task.Delay(Bound + Slack, _time);
        for (var n = 0; n < 2; n++)
        {
            for (var key = 0; key < Keys; key++)
            {
                Raise(ref _obliged[n][key], _source[key]);
                await ReadAsync(n, key, 0);
            }

            if (_nodes[n].Cache.CheckIntegrity() is { } problem)
            {
                _failures.Enqueue(problem);
            }
        }
    }

    static void Raise(ref long place, long value)
    {
        var current = Volatile.Read(ref place);
        while (current < value)
        {
            var before = Interlocked.CompareExchange(ref place, value, current);
            if (before == current)
            {
                return;
            }

            current = before;
        }
    }

    void Note(int key, long begun, string what)
    {
        _history[key].Enqueue($"  {Text(begun)}-{Text(_time.GetTimestamp())} {what}");
        while (_history[key].Count > 60)
        {
            _history[key].TryDequeue(out _);
        }
    }

    void Fail(int key, string what) => _failures.Enqueue($"{Text(_time.GetTimestamp())} key {key}: {what}\n{string.Join('\n', _history[key])}");

    string Text(long timestamp) => (timestamp * 1000.0 / _time.TimestampFrequency % 10_000_000).ToString("0.0", CultureInfo.InvariantCulture);
}

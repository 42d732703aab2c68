using System.Globalization;
using Fettle.Redis;

namespace Fettle.LoadTesting.Distributed;

/// <summary>
/// The Redis streams that generators meet at: all workers say hello in one, each worker has one for what it is told, each run has one
/// for what its workers report. Entries are read by range from the last one seen, so nobody blocks a shared connection. Redis' own
/// clock is the common one.
/// </summary>
sealed class WorkerStreams(RedisConnection redis)
{
    public const string Hello = "fettle:load:workers";
    static readonly TimeSpan KeptFor = TimeSpan.FromHours(1);

    public static string ToWorker(string id) => $"fettle:load:worker:{id}";

    public static string OfRun(string run) => $"fettle:load:run:{run}";

    public async Task AddAsync(string stream, IReadOnlyList<(string Name, string Value)> fields, CancellationToken cancellation)
    {
        RedisArgument[] command = ["XADD", stream, "MAXLEN", "~", 10_000, "*", .. fields.SelectMany(f => new RedisArgument[] { f.Name, f.Value })];
        await redis.ExecuteAsync(command, cancellation);
        if (stream != Hello)
        {
            // Nothing of a run stays for ever, even when its coordinator was killed.
            await redis.ExecuteAsync(["PEXPIRE", stream, (long)KeptFor.TotalMilliseconds], cancellation);
        }
    }

    /// <summary>The entries after the given one, oldest first.</summary>
    public async Task<IReadOnlyList<StreamEntry>> ReadAsync(string stream, string after, CancellationToken cancellation)
    {
        var reply = await redis.ExecuteAsync(["XRANGE", stream, after.Length == 0 ? "-" : "(" + after, "+"], cancellation);
        var entries = new List<StreamEntry>();
        foreach (var entry in reply.Items)
        {
            var fields = new Dictionary<string, string>();
            var items = entry.Items[1].Items;
            for (var i = 0; i + 1 < items.Length; i += 2)
            {
                fields[items[i].AsText()!] = items[i + 1].AsText()!;
            }

            entries.Add(new StreamEntry(entry.Items[0].AsText()!, fields));
        }

        return entries;
    }

    public async Task ForgetAsync(IEnumerable<string> streams, CancellationToken cancellation) =>
        await redis.ExecuteAsync([(RedisArgument)"DEL", .. streams.Select(s => (RedisArgument)s)], cancellation);

    /// <summary>How far Redis' clock is ahead of ours, and how wrong that may be: the exchange with the shortest round trip of several (Cristian's method).</summary>
    public async Task<(TimeSpan Ahead, TimeSpan Uncertainty)> ClockAsync(TimeProvider time, CancellationToken cancellation)
    {
        var best = (Ahead: TimeSpan.Zero, Uncertainty: TimeSpan.MaxValue);
        for (var i = 0; i < 9; i++)
        {
            var (sent, ticks) = (time.GetUtcNow(), time.GetTimestamp());
            var reply = await redis.ExecuteAsync(["TIME"], cancellation);
            var half = time.GetElapsedTime(ticks) / 2;
            var theirs = DateTimeOffset.UnixEpoch.AddSeconds(long.Parse(reply.Items[0].AsText()!, CultureInfo.InvariantCulture)).AddMicroseconds(long.Parse(reply.Items[1].AsText()!, CultureInfo.InvariantCulture));
            best = half < best.Uncertainty ? (theirs - (sent + half), half) : best;
        }

        return best;
    }
}

/// <summary>One entry of a stream; its name begins with Redis' time in milliseconds.</summary>
sealed record StreamEntry(string Id, IReadOnlyDictionary<string, string> Fields)
{
    public DateTimeOffset At => DateTimeOffset.FromUnixTimeMilliseconds(long.Parse(Id.Split('-')[0], CultureInfo.InvariantCulture));

    public string this[string name] => Fields.GetValueOrDefault(name, "");
}

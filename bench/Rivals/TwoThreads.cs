using System.Diagnostics;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Fettle.Forests;
using Fettle.Shared.Results;

namespace Fettle.Bench.Rivals;

/// <summary>
/// What a second thread is worth on this machine, beside what it is worth to a forest: work that touches no memory, two forests that share nothing, and one
/// batch that two threads share. Cores that are two threads of one show in the vector instructions.
/// </summary>
internal static class TwoThreads
{
    const int Rows = 11_000;

    /// <summary>One kind of work: the quietest round of one thread doing it, of two threads each doing it, and how much more two do.</summary>
    internal sealed record Line(string Work, double AloneNs, double BothNs)
    {
        public double Times => 2 * AloneNs / BothNs;
    }

    public static List<Line> Measure(string model, int rounds)
    {
        Forest[] forests = [Forest.Load(model), Forest.Load(model)];
        var shared = Forest.Load(model, new ForestOptions { Threads = 2 });
        float[][] rows = [ThresholdRows.Create(shared.Model, Rows, seed: 11, missing: 0), ThresholdRows.Create(shared.Model, Rows, seed: 11, missing: 0)];
        float[][] outputs = [new float[Rows], new float[Rows]];
        (string Work, Action<int> Body)[] works =
        [
            ("multiplications, each of which waits for the last", _ => Multiply(1_000_000)),
            ("vector instructions on registers", _ => Combine(1_000_000)),
            ("two forests that share nothing, 11,000 rows each", k => forests[k].Predict(rows[k], Rows, outputs[k])),
        ];
        var (alone, both) = (new double[works.Length + 1], new double[works.Length + 1]);
        Array.Fill(alone, double.MaxValue);
        Array.Fill(both, double.MaxValue);
        using var second = new SecondThread();
        for (var round = -2; round < rounds; round++)
        {
            for (var w = 0; w < works.Length; w++)
            {
                var body = works[w].Body;
                Keep(alone, w, Time(() => body(0)), round);
                Keep(both, w, second.TimeBoth(body), round);
            }

            Keep(alone, works.Length, Time(() => forests[0].Predict(rows[0], Rows, outputs[0])), round);
            // Half the work a thread: doubled, it compares with the others.
            Keep(both, works.Length, 2 * Time(() => shared.Predict(rows[0], Rows, outputs[0])), round);
        }

        return [.. works.Select(w => w.Work).Append("one batch of 11,000 rows, spread by the library").Select((work, w) => new Line(work, alone[w], both[w]))];
    }

    public static ResultTable Table(List<Line> lines) => new(
        "What two threads do in the time of one, quietest rounds",
        ["work", "alone µs", "two at once µs", "times one thread"],
        [.. lines.Select(l => new[] { l.Work, Text(l.AloneNs / 1000, 0), Text(l.BothNs / 1000, 0), Text(l.Times, 2) })],
        "the batch that is spread is half the work for each thread; its time is doubled here");

    static string Text(double value, int digits) => value.ToString("F" + digits, CultureInfo.InvariantCulture);

    static void Keep(double[] best, int at, double ns, int round)
    {
        if (round >= 0)
        {
            best[at] = Math.Min(best[at], ns);
        }
    }

    static double Time(Action body)
    {
        var start = Stopwatch.GetTimestamp();
        body();
        return (Stopwatch.GetTimestamp() - start) * (1e9 / Stopwatch.Frequency);
    }

    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    static ulong Multiply(int steps)
    {
        ulong x = 3;
        for (var i = 0; i < steps; i++)
        {
            x *= 0x9E3779B97F4A7C15;
        }

        return x;
    }

    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    static Vector256<byte> Combine(int steps)
    {
        var (a, b, c, d, e, f) = (Vector256.Create((byte)1), Vector256.Create((byte)2), Vector256.Create((byte)4), Vector256.Create((byte)8), Vector256.Create((byte)16), Vector256.Create((byte)32));
        for (var i = 0; i < steps; i++)
        {
            a ^= f;
            b ^= f;
            c ^= f;
            d ^= f;
            e ^= f;
            a += f;
            b += f;
            c += f;
            d += f;
            e += f;
        }

        return a ^ b ^ c ^ d ^ e;
    }

    /// <summary>Sleeps between its turns and spins before each, so that it disturbs nothing and its waking is not counted.</summary>
    sealed class SecondThread : IDisposable
    {
        readonly SemaphoreSlim _turn = new(0);
        readonly Thread _thread;
        Action<int>? _work;

        /// <summary>0 asleep, 1 ready, 2 at work; back to 0 when it is done.</summary>
        int _state;

        public SecondThread()
        {
            _thread = new Thread(Work) { IsBackground = true };
            _thread.Start();
        }

        /// <summary>Nanoseconds until this thread and the second have both done the work.</summary>
        public double TimeBoth(Action<int> work)
        {
            _work = work;
            _turn.Release();
            Await(1);
            var start = Stopwatch.GetTimestamp();
            Volatile.Write(ref _state, 2);
            work(0);
            Await(0);
            return (Stopwatch.GetTimestamp() - start) * (1e9 / Stopwatch.Frequency);
        }

        void Work()
        {
            while (true)
            {
                _turn.Wait();
                if (_work is not { } work)
                {
                    return;
                }

                Volatile.Write(ref _state, 1);
                Await(2);
                work(1);
                Volatile.Write(ref _state, 0);
            }
        }

        void Await(int state)
        {
            while (Volatile.Read(ref _state) != state)
            {
                Thread.SpinWait(1);
            }
        }

        public void Dispose()
        {
            _work = null;
            _turn.Release();
            _thread.Join();
            _turn.Dispose();
        }
    }
}

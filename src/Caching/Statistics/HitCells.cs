using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Fettle.Caching.Statistics;

/// <summary>
/// What the hits of one category write: every thread writes a cell of its own, so that a hit is plain additions and no two threads share a
/// cache line. The sum is exact for hits that happened before it was asked for. Cells of threads that ended are folded into one number.
/// </summary>
internal sealed class HitCells
{
    static int _made;

    [ThreadStatic]
    static HitCell?[]? _own;

    readonly int _id = Interlocked.Increment(ref _made) - 1;
    readonly Lock _gate = new();
    readonly List<HitCell> _cells = [];
    long _ended;

    /// <summary>The calling thread's cell.</summary>
    public HitCell Mine
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get
        {
            var own = _own;
            var id = _id;
            return own is not null && (uint)id < (uint)own.Length && own[id] is { } cell ? cell : FirstOfThread();
        }
    }

    public long Sum()
    {
        lock (_gate)
        {
            var sum = _ended;
            foreach (var cell in _cells)
            {
                sum += Volatile.Read(ref cell.Hits);
            }

            return sum;
        }
    }

    /// <summary>Sampled hits that wait in cells; about right while threads write them.</summary>
    public int Waiting()
    {
        lock (_gate)
        {
            return _cells.Sum(c => Volatile.Read(ref c.Sampled));
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    HitCell FirstOfThread()
    {
        if (_own is null || _own.Length <= _id)
        {
            Array.Resize(ref _own, Math.Max(8, _id + 8));
        }

        var cell = _own[_id] = new HitCell(Thread.CurrentThread);
        lock (_gate)
        {
            foreach (var ended in _cells.FindAll(c => !c.Thread.IsAlive))
            {
                _ended += ended.Hits;
                _cells.Remove(ended);
            }

            _cells.Add(cell);
        }

        return cell;
    }
}

/// <summary>The hits of one thread on one category.</summary>
[StructLayout(LayoutKind.Sequential)]
internal sealed class HitCell(Thread thread)
{
    public readonly Thread Thread = thread;
    public long Hits;

    /// <summary>How many of <see cref="Samples"/> wait for the curve.</summary>
    public int Sampled;

    /// <summary>Which ring of the read buffer the thread writes.</summary>
    public readonly int Ring = thread.ManagedThreadId;
    public HitSamples Samples;

    // What follows on the heap may be another thread's cell.
    readonly Padding _padding;

    [StructLayout(LayoutKind.Sequential, Size = 112)]
    readonly struct Padding;
}

/// <summary>Hashes of sampled hits.</summary>
[InlineArray(Length)]
internal struct HitSamples
{
    public const int Length = 32;
    uint _first;
}

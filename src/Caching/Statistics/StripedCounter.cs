using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Fettle.Caching.Statistics;

/// <summary>
/// A counter in which every thread raises a cell of its own, so that a raise is a plain addition and no two threads share a cache line.
/// The sum is exact for raises that happened before it was asked for. Cells of threads that ended are folded into one number.
/// </summary>
internal sealed class StripedCounter
{
    static int _counters;

    [ThreadStatic]
    static Cell[]? _own;

    readonly int _id = Interlocked.Increment(ref _counters) - 1;
    readonly Lock _gate = new();
    readonly List<Cell> _cells = [];
    long _ended;

    /// <summary>Raises the counter and returns the new value of the thread's cell.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public long Increment()
    {
        var own = _own;
        return own is not null && (uint)_id < (uint)own.Length && own[_id] is { } cell ? ++cell.Value : FirstOfThread();
    }

    public long Sum()
    {
        lock (_gate)
        {
            var sum = _ended;
            foreach (var cell in _cells)
            {
                sum += Volatile.Read(ref cell.Value);
            }

            return sum;
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    long FirstOfThread()
    {
        if (_own is null || _own.Length <= _id)
        {
            Array.Resize(ref _own, Math.Max(8, _id + 8));
        }

        var cell = _own[_id] = new Cell { Thread = Thread.CurrentThread, Value = 1 };
        lock (_gate)
        {
            foreach (var ended in _cells.FindAll(c => !c.Thread!.IsAlive))
            {
                _ended += ended.Value;
                _cells.Remove(ended);
            }

            _cells.Add(cell);
        }

        return 1;
    }

    [StructLayout(LayoutKind.Sequential)]
    sealed class Cell
    {
        public Thread? Thread;
        public long Value;

        // What follows on the heap may be another thread's cell.
        readonly Padding _padding;
    }

    [StructLayout(LayoutKind.Sequential, Size = 112)]
    readonly struct Padding;
}

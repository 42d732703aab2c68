using Fettle.Indicators.Lanes;

namespace Fettle.Indicators.Kernels;

/// <summary>Memory of lanes that begins on a cache line and never moves; a register is then read and written in one line.</summary>
internal readonly unsafe struct LaneArray<V>
    where V : unmanaged, ILanes<V>
{
    const int Line = 64;

    // The pointer points into this array, which is pinned for life; holding it keeps the memory.
    readonly double[] _memory;

    public LaneArray(int length)
    {
        Length = length;
        _memory = GC.AllocateArray<double>((length * sizeof(V) + Line) / sizeof(double), pinned: true);
        fixed (double* start = _memory)
        {
            Start = (V*)(((nint)start + Line - 1) & -Line);
        }
    }

    public V* Start { get; }

    public int Length { get; }
}

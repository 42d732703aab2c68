using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Fettle.Forests.Kernels;

/// <summary>Zeroed memory that begins on a cache line, so that no register of a block lies across two.</summary>
internal sealed class AlignedBytes
{
    const int Line = 64;

    readonly byte[] _memory;
    readonly int _start;

    public AlignedBytes(int length)
    {
        _memory = GC.AllocateArray<byte>(length + Line, pinned: true);
        Length = length;
        _start = (int)(Line - ((nint)Marshal.UnsafeAddrOfPinnedArrayElement(_memory, 0) & (Line - 1))) & (Line - 1);
    }

    public int Length { get; }

    public ref byte Start => ref Unsafe.Add(ref MemoryMarshal.GetArrayDataReference(_memory), _start);

    public Span<byte> Span => _memory.AsSpan(_start, Length);
}

using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Fettle.Forests.Kernels;

/// <summary>Up to 64 bytes, one per slot, that are looked up 32 at a time. Bits 0–5 of an index name the slot, bit 6 is free, bit 7 is 0.</summary>
internal interface IRankBytes<TSelf> where TSelf : struct, IRankBytes<TSelf>
{
    /// <param name="bytes">64 bytes.</param>
    static abstract unsafe TSelf Load(byte* bytes);

    Vector256<byte> Pick(Vector256<byte> slots);
}

/// <summary>Up to 16 slots: one 128-bit table in both halves of a register, which an in-lane shuffle looks up.</summary>
internal readonly struct RankBytes16(Vector256<byte> a) : IRankBytes<RankBytes16>
{
    readonly Vector256<byte> _a = a;

    public static unsafe RankBytes16 Load(byte* bytes) => new(Avx2.BroadcastVector128ToVector256(bytes));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Vector256<byte> Pick(Vector256<byte> slots) => Avx2.Shuffle(_a, slots);
}

/// <summary>Up to 32 slots: two tables; bit 4 of the slot, moved to the sign, chooses.</summary>
internal readonly struct RankBytes32(Vector256<byte> a, Vector256<byte> b) : IRankBytes<RankBytes32>
{
    readonly Vector256<byte> _a = a;
    readonly Vector256<byte> _b = b;

    public static unsafe RankBytes32 Load(byte* bytes) => new(Avx2.BroadcastVector128ToVector256(bytes), Avx2.BroadcastVector128ToVector256(bytes + 16));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Vector256<byte> Pick(Vector256<byte> slots) =>
        Avx2.BlendVariable(Avx2.Shuffle(_a, slots), Avx2.Shuffle(_b, slots), Vector256.ShiftLeft(slots.AsUInt16(), 3).AsByte());
}

/// <summary>Up to 64 slots: four tables; bit 5 chooses between the pairs.</summary>
internal readonly struct RankBytes64(RankBytes32 low, RankBytes32 high) : IRankBytes<RankBytes64>
{
    readonly RankBytes32 _low = low;
    readonly RankBytes32 _high = high;

    public static unsafe RankBytes64 Load(byte* bytes) => new(RankBytes32.Load(bytes), RankBytes32.Load(bytes + 32));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Vector256<byte> Pick(Vector256<byte> slots) =>
        Avx2.BlendVariable(_low.Pick(slots), _high.Pick(slots), Vector256.ShiftLeft(slots.AsUInt16(), 2).AsByte());
}

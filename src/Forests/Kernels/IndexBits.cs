using System.Runtime.CompilerServices;

namespace Fettle.Forests.Kernels;

/// <summary>
/// Bit planes of an index, one bit per row, to one byte per row: an 8×8 bit transpose in every byte lane at once, by three rounds of exchanging
/// blocks between registers (Warren, Hacker's Delight, 7-3). Register j of the result holds the rows 8·b + j; nothing is moved between lanes.
/// </summary>
internal static class IndexBits<TMask> where TMask : unmanaged, IMask<TMask>
{
    static int Bytes => TMask.Rows / 8;

    /// <param name="planes">Eight planes, the lowest bit of the index first, zero behind those that are used.</param>
    /// <param name="count">Planes, 1–8.</param>
    /// <param name="indexes">Receives eight registers.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Transpose(ref byte planes, int count, ref byte indexes)
    {
        var x0 = TMask.Load(ref planes, 0);
        var x1 = TMask.Load(ref planes, Bytes);
        var x2 = TMask.Load(ref planes, 2 * Bytes);
        var x3 = TMask.Load(ref planes, 3 * Bytes);
        var x4 = TMask.Load(ref planes, 4 * Bytes);
        var x5 = TMask.Load(ref planes, 5 * Bytes);
        var (x6, x7) = (TMask.Zero, TMask.Zero);
        var nibble = TMask.Bytes(0x0F);
        if (count > 6)
        {
            x6 = TMask.Load(ref planes, 6 * Bytes);
            x7 = TMask.Load(ref planes, 7 * Bytes);
            Exchange(ref x2, ref x6, 4, nibble);
            Exchange(ref x3, ref x7, 4, nibble);
        }
        else
        {
            Split(ref x2, ref x6, nibble);
            Split(ref x3, ref x7, nibble);
        }

        Exchange(ref x0, ref x4, 4, nibble);
        Exchange(ref x1, ref x5, 4, nibble);
        var pair = TMask.Bytes(0x33);
        Exchange(ref x0, ref x2, 2, pair);
        Exchange(ref x1, ref x3, 2, pair);
        Exchange(ref x4, ref x6, 2, pair);
        Exchange(ref x5, ref x7, 2, pair);
        var single = TMask.Bytes(0x55);
        Exchange(ref x0, ref x1, 1, single);
        Exchange(ref x2, ref x3, 1, single);
        Exchange(ref x4, ref x5, 1, single);
        Exchange(ref x6, ref x7, 1, single);
        TMask.Store(x0, ref indexes, 0);
        TMask.Store(x1, ref indexes, Bytes);
        TMask.Store(x2, ref indexes, 2 * Bytes);
        TMask.Store(x3, ref indexes, 3 * Bytes);
        TMask.Store(x4, ref indexes, 4 * Bytes);
        TMask.Store(x5, ref indexes, 5 * Bytes);
        TMask.Store(x6, ref indexes, 6 * Bytes);
        TMask.Store(x7, ref indexes, 7 * Bytes);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void Exchange(ref TMask low, ref TMask high, int distance, TMask mask)
    {
        var change = TMask.And(TMask.Xor(TMask.ShiftRight(low, distance), high), mask);
        high = TMask.Xor(high, change);
        low = TMask.Xor(low, TMask.ShiftLeft(change, distance));
    }

    /// <summary>The exchange with a register of zeros.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void Split(ref TMask low, ref TMask high, TMask nibble)
    {
        high = TMask.And(TMask.ShiftRight(low, 4), nibble);
        low = TMask.And(low, nibble);
    }
}

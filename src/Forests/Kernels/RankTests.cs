using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Fettle.Forests.Kernels;

/// <summary>
/// All tests "rank &gt; r" of one slot for a block of rows, from the eight bit planes of the ranks: with gt and eq of the two nibbles,
/// rank &gt; 16·h + l is gt(high, h) or (eq(high, h) and gt(low, l)), two operations for as many rows as a register has bits.
/// </summary>
internal static class RankTests<TMask> where TMask : unmanaged, IMask<TMask>
{
    /// <summary>Registers of scratch: 8 planes, above-low (16), above-high (16), equal-high (16).</summary>
    public const int ScratchRegisters = 8 + 3 * 16;

    static int Bytes => TMask.Rows / 8;

    /// <summary>Prepares the nibble tables of a slot.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Prepare(ref byte ranks, ref byte scratch)
    {
        TMask.ToPlanes(ref ranks, ref scratch);
        Nibble(ref scratch, ref Unsafe.Add(ref scratch, 8 * Bytes));
        ref var high = ref Unsafe.Add(ref scratch, 24 * Bytes);
        Nibble(ref Unsafe.Add(ref scratch, 4 * Bytes), ref high);
        ref var equal = ref Unsafe.Add(ref scratch, 40 * Bytes);
        var below = TMask.Bytes(0xFF);
        for (var h = 0; h < 16; h++)
        {
            var above = TMask.Load(ref high, h * Bytes);
            TMask.Store(TMask.AndNot(below, above), ref equal, h * Bytes);
            below = above;
        }
    }

    /// <summary>Tests whose high nibble is the same: the offset of its above-high, with equal-high 16 registers behind it, and how many they are.</summary>
    internal readonly record struct Group(int High, int Count);

    /// <summary>Groups of rising ranks, and the offset of each one's above-low.</summary>
    public static (Group[] Groups, int[] Lows) Plan(IReadOnlyList<int> ranks) => (
        [.. ranks.GroupBy(r => r >> 4).Select(g => new Group((24 + g.Key) * Bytes, g.Count()))],
        [.. ranks.Select(r => (8 + (r & 15)) * Bytes)]);

    /// <summary>The masks of tests of the prepared slot, one after another.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run(ref byte scratch, ReadOnlySpan<Group> groups, ReadOnlySpan<int> lows, ref byte masks)
    {
        ref var low = ref MemoryMarshal.GetReference(lows);
        foreach (ref readonly var group in groups)
        {
            var above = TMask.Load(ref scratch, group.High);
            var equal = TMask.Load(ref scratch, group.High + 16 * (nint)Bytes);
            for (var i = 0; i < group.Count; i++)
            {
                TMask.Store(TMask.Or(TMask.And(equal, TMask.Load(ref scratch, low)), above), ref masks, 0);
                low = ref Unsafe.Add(ref low, 1);
                masks = ref Unsafe.Add(ref masks, Bytes);
            }
        }
    }

    /// <summary>Masks of "nibble &gt; t" for t = 0…15 from its four planes, the lowest first.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void Nibble(ref byte planes, ref byte above)
    {
        var (a, b) = (TMask.Load(ref planes, 0), TMask.Load(ref planes, Bytes));
        var (c, d) = (TMask.Load(ref planes, 2 * Bytes), TMask.Load(ref planes, 3 * Bytes));
        TMask low0 = TMask.Or(a, b), low1 = b, low2 = TMask.And(a, b);
        Four(ref above, 0, TMask.Or(c, d), TMask.AndNot(TMask.Bytes(0xFF), TMask.Or(c, d)), low0, low1, low2);
        Four(ref above, 4, d, TMask.AndNot(c, d), low0, low1, low2);
        Four(ref above, 8, TMask.And(c, d), TMask.AndNot(d, c), low0, low1, low2);
        Four(ref above, 12, TMask.Zero, TMask.And(c, d), low0, low1, low2);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void Four(ref byte above, int first, TMask more, TMask equal, TMask low0, TMask low1, TMask low2)
    {
        TMask.Store(TMask.Or(more, TMask.And(equal, low0)), ref above, first * Bytes);
        TMask.Store(TMask.Or(more, TMask.And(equal, low1)), ref above, (first + 1) * Bytes);
        TMask.Store(TMask.Or(more, TMask.And(equal, low2)), ref above, (first + 2) * Bytes);
        TMask.Store(more, ref above, (first + 3) * Bytes);
    }
}

using System.Runtime.CompilerServices;

namespace Fettle.Forests.Kernels;

/// <summary>Where a split's answers lie: right where the registers at Low and High both have 1, or the one behind High has.</summary>
internal readonly record struct TestPlace(int Low, int High);

/// <summary>
/// The answers to all tests "rank &gt; r" of a register of rows, in 33 registers per slot. With the nibbles of rank and r,
/// rank &gt; 16·h + l is (low &gt; l and high ≥ h) or high &gt; h, so 16 registers for the low nibble and 17 for the high one answer 255 tests: they stay in the
/// nearest cache, where a mask for each test of a model would not. Tests whose missing values go right have high registers of their own.
/// </summary>
internal sealed class SlotTables<TMask> where TMask : unmanaged, IMask<TMask>
{
    const int LowRegisters = 16;
    const int HighRegisters = 17;

    /// <summary>Two registers of zeros, the answer of a test that no row passes, lie in front.</summary>
    const int First = 2;

    readonly PlaneForest _forest;

    /// <summary>First register of each slot's low nibble, and of its high nibble where missing values go left and right; 0 where nothing asks.</summary>
    readonly int[] _low;
    readonly int[] _left;
    readonly int[] _right;
    readonly int _categories;

    public SlotTables(PlaneForest forest)
    {
        _forest = forest;
        var slots = forest.Ranks.Slots;
        (_low, _left, _right) = (new int[slots], new int[slots], new int[slots]);
        foreach (var test in forest.Tests.Where(t => t.Slot >= 0))
        {
            (test.DefaultRight ? _right : _left)[test.Slot] = 1;
        }

        var next = First;
        for (var slot = 0; slot < slots; slot++)
        {
            _low[slot] = Take(LowRegisters);
            _left[slot] = Take(_left[slot] * HighRegisters) * _left[slot];
            _right[slot] = Take(_right[slot] * HighRegisters) * _right[slot];
        }

        _categories = Take(2 * forest.CategoryTests.Length);
        Bytes = next * Width;

        int Take(int registers)
        {
            next += registers;
            return next - registers;
        }
    }

    static int Width => TMask.Rows / 8;

    /// <summary>Size of the tables.</summary>
    public int Bytes { get; }

    /// <summary>The place of a test of the forest, in bytes.</summary>
    public TestPlace Of(int test)
    {
        if (test >= _forest.Tests.Length)
        {
            return new TestPlace(0, (_categories + 2 * (test - _forest.Tests.Length)) * Width);
        }

        var (slot, rank, right) = _forest.Tests[test];
        return slot < 0 ? new TestPlace(0, 0) : new TestPlace((_low[slot] + (rank & 15)) * Width, ((right ? _right : _left)[slot] + (rank >> 4)) * Width);
    }

    /// <summary>Offset of a category test's answers.</summary>
    public int OfCategory(int number) => (_categories + 2 * number + 1) * Width;

    /// <summary>Fills the tables of all slots.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Fill(BlockScratch scratch, bool anyMissing)
    {
        // Indexes come later; until then their room is that of a slot's eight planes.
        ref var planes = ref scratch.Indexes.Start;
        for (var slot = 0; slot < _low.Length; slot++)
        {
            TMask.ToPlanes(ref Unsafe.Add(ref scratch.Ranks.Start, slot * TMask.Rows), ref planes);
            Nibble(ref planes, ref Unsafe.Add(ref scratch.Tables.Start, _low[slot] * Width));
            ref var high = ref Unsafe.Add(ref planes, 4 * Width);
            if (_left[slot] > 0)
            {
                High(ref high, ref Unsafe.Add(ref scratch.Tables.Start, _left[slot] * Width));
            }

            if (_right[slot] > 0)
            {
                ref var to = ref Unsafe.Add(ref scratch.Tables.Start, _right[slot] * Width);
                High(ref high, ref to);
                if (anyMissing)
                {
                    SendRight(TMask.SignBits(ref Unsafe.Add(ref scratch.Missing.Start, slot * TMask.Rows)), ref to);
                }
            }
        }
    }

    static void High(ref byte planes, ref byte to)
    {
        TMask.Store(TMask.Bytes(0xFF), ref to, 0);
        Nibble(ref planes, ref Unsafe.Add(ref to, Width));
    }

    static void SendRight(TMask missing, ref byte high)
    {
        for (var i = 0; i < HighRegisters; i++)
        {
            TMask.Store(TMask.Or(TMask.Load(ref high, i * Width), missing), ref high, i * Width);
        }
    }

    /// <summary>Masks of "nibble &gt; t" for t = 0…15 from its four planes, the lowest first.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void Nibble(ref byte planes, ref byte above)
    {
        var (a, b) = (TMask.Load(ref planes, 0), TMask.Load(ref planes, Width));
        var (c, d) = (TMask.Load(ref planes, 2 * Width), TMask.Load(ref planes, 3 * Width));
        TMask low0 = TMask.Or(a, b), low1 = b, low2 = TMask.And(a, b);
        Four(ref above, 0, TMask.Or(c, d), TMask.AndNot(TMask.Bytes(0xFF), TMask.Or(c, d)), low0, low1, low2);
        Four(ref above, 4, d, TMask.AndNot(c, d), low0, low1, low2);
        Four(ref above, 8, TMask.And(c, d), TMask.AndNot(d, c), low0, low1, low2);
        Four(ref above, 12, TMask.Zero, TMask.And(c, d), low0, low1, low2);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void Four(ref byte above, int first, TMask more, TMask equal, TMask low0, TMask low1, TMask low2)
    {
        TMask.Store(TMask.Or(more, TMask.And(equal, low0)), ref above, first * Width);
        TMask.Store(TMask.Or(more, TMask.And(equal, low1)), ref above, (first + 1) * Width);
        TMask.Store(TMask.Or(more, TMask.And(equal, low2)), ref above, (first + 2) * Width);
        TMask.Store(more, ref above, (first + 3) * Width);
    }
}

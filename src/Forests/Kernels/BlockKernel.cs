using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Fettle.Forests.Kernels;

/// <summary>Scratch of one thread: ranks, masks and sums of a block.</summary>
internal sealed class BlockScratch
{
    public required sbyte[] Ranks { get; init; }

    /// <summary>[slot][rows] 0xFF where the value is missing.</summary>
    public required byte[] Missing { get; init; }

    public required byte[] Masks { get; init; }

    /// <summary>[slot] one mask of missing values.</summary>
    public required byte[] MissingMasks { get; init; }

    public required byte[] Registers { get; init; }

    public required byte[] Indexes { get; init; }

    public required float[] Singles { get; init; }

    public required double[] Doubles { get; init; }

    public bool AnyMissing { get; set; }
}

/// <summary>Runs a <see cref="PlaneForest"/> block by block in one register width.</summary>
internal sealed class BlockKernel<TMask>(PlaneForest forest) : IBlockKernel where TMask : unmanaged, IMask<TMask>
{
    const int MaxRegisters = 257;
    const int MaxPlanes = 8;
    readonly PlaneForest _forest = forest;
    readonly ScratchPool _pool = new(() => Create(forest));

    public int BlockRows => TMask.Rows;

    static int Bytes => TMask.Rows / 8;

    static BlockScratch Create(PlaneForest forest)
    {
        var slots = Math.Max(1, forest.Ranks.Slots);
        var margins = forest.Model.MarginCount;
        var single = forest.Model.Arithmetic == ForestArithmetic.Single;
        return new BlockScratch
        {
            Ranks = new sbyte[slots * TMask.Rows],
            Missing = new byte[slots * TMask.Rows],
            Masks = new byte[Math.Max(1, forest.TestCount) * Bytes],
            MissingMasks = new byte[slots * Bytes],
            Registers = new byte[(MaxRegisters + MaxPlanes) * Bytes],
            Indexes = new byte[TMask.Rows],
            Singles = single ? new float[margins * TMask.Rows] : [],
            Doubles = single ? [] : new double[margins * TMask.Rows],
        };
    }

    public void Run<TRow, TOut>(ReadOnlySpan<TRow> rows, int count, Span<TOut> margins) where TRow : unmanaged where TOut : unmanaged
    {
        var scratch = _pool.Rent();
        var features = _forest.Model.FeatureCount;
        var width = _forest.Model.MarginCount;
        for (var start = 0; start < count; start += TMask.Rows)
        {
            var block = Math.Min(TMask.Rows, count - start);
            var values = rows.Slice(start * features, block * features);
            Encode(scratch, values, block);
            Test(scratch);
            TestCategories(scratch, values, block);
            if (_forest.Singles.Length > 0)
            {
                var sums = scratch.Singles.AsSpan();
                Start(sums);
                Trees(scratch, ref MemoryMarshal.GetReference(sums));
                Finish<float, TOut>(sums, block, margins.Slice(start * width, block * width));
            }
            else
            {
                var sums = scratch.Doubles.AsSpan();
                Start(sums);
                Trees(scratch, ref MemoryMarshal.GetReference(sums));
                Finish<double, TOut>(sums, block, margins.Slice(start * width, block * width));
            }
        }

        _pool.Return(scratch);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    void Encode<TRow>(BlockScratch scratch, ReadOnlySpan<TRow> rows, int count) where TRow : unmanaged
    {
        if (scratch.AnyMissing)
        {
            scratch.Missing.AsSpan().Clear();
        }

        var any = false;
        ref var ranks = ref Unsafe.As<sbyte, byte>(ref MemoryMarshal.GetArrayDataReference(scratch.Ranks));
        ref var missing = ref MemoryMarshal.GetArrayDataReference(scratch.Missing);
        ref var row = ref MemoryMarshal.GetReference(rows);
        for (var r = 0; r < count; r++)
        {
            any |= _forest.Ranks.Encode(ref row, ref Unsafe.Add(ref ranks, r), TMask.Rows, ref Unsafe.Add(ref missing, r), TMask.Rows);
            row = ref Unsafe.Add(ref row, _forest.Model.FeatureCount);
        }

        var all = MemoryMarshal.Cast<sbyte, ulong>(scratch.Ranks.AsSpan());
        for (var i = 0; i < all.Length; i++)
        {
            all[i] ^= 0x8080808080808080;
        }

        scratch.AnyMissing = any;
        for (var s = 0; any && s < _forest.Ranks.Slots; s++)
        {
            // The one comparison there is asks for "above": turned over, a missing value's byte is 0 and any other −1.
            TMask.Compare(ref Unsafe.As<byte, sbyte>(ref Complement(scratch, s)), -1, ref MemoryMarshal.GetArrayDataReference(scratch.MissingMasks), s * Bytes);
        }
    }

    /// <summary>Turns the bytes of a slot over in place; they are cleared before the next block.</summary>
    static ref byte Complement(BlockScratch scratch, int slot)
    {
        var bytes = MemoryMarshal.Cast<byte, ulong>(scratch.Missing.AsSpan(slot * TMask.Rows, TMask.Rows));
        for (var i = 0; i < bytes.Length; i++)
        {
            bytes[i] = ~bytes[i];
        }

        return ref scratch.Missing[slot * TMask.Rows];
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    void Test(BlockScratch scratch)
    {
        ref var ranks = ref MemoryMarshal.GetArrayDataReference(scratch.Ranks);
        ref var masks = ref MemoryMarshal.GetArrayDataReference(scratch.Masks);
        ref var missing = ref MemoryMarshal.GetArrayDataReference(scratch.MissingMasks);
        var tests = _forest.Tests;
        for (var i = 0; i < tests.Length; i++)
        {
            var test = tests[i];
            if (test.Slot < 0)
            {
                scratch.Masks.AsSpan(i * Bytes, Bytes).Clear();
                continue;
            }

            TMask.Compare(ref Unsafe.Add(ref ranks, test.Slot * TMask.Rows), (sbyte)(test.Rank - 128), ref masks, i * Bytes);
            if (scratch.AnyMissing && test.DefaultRight)
            {
                TMask.Store(TMask.Or(TMask.Load(ref masks, i * Bytes), TMask.Load(ref missing, test.Slot * Bytes)), ref masks, i * Bytes);
            }
        }
    }

    /// <summary>Category sets are looked up row by row with the oracle's own test.</summary>
    void TestCategories<TRow>(BlockScratch scratch, ReadOnlySpan<TRow> rows, int count) where TRow : unmanaged
    {
        var features = _forest.Model.FeatureCount;
        for (var c = 0; c < _forest.CategoryTests.Length; c++)
        {
            var (tree, index) = _forest.CategoryTests[c];
            ref readonly var node = ref _forest.Model.Trees[tree].Nodes[index];
            var mask = scratch.Masks.AsSpan((_forest.Tests.Length + c) * Bytes, Bytes);
            mask.Clear();
            for (var r = 0; r < count; r++)
            {
                var value = rows[r * features + node.Feature];
                var x = typeof(TRow) == typeof(float) ? (float)(object)value : (double)(object)value;
                if (!_forest.Model.Trees[tree].GoesLeft(in node, x))
                {
                    mask[r >> 3] |= (byte)(1 << (r & 7));
                }
            }
        }
    }

    void Start<TSum>(Span<TSum> sums) where TSum : unmanaged
    {
        for (var m = 0; m < _forest.Model.MarginCount; m++)
        {
            var start = _forest.Model.BaseMargins[m];
            sums.Slice(m * TMask.Rows, TMask.Rows).Fill(typeof(TSum) == typeof(float) ? (TSum)(object)(float)start : (TSum)(object)start);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    void Trees<TSum>(BlockScratch scratch, ref TSum sums) where TSum : unmanaged
    {
        ref var masks = ref MemoryMarshal.GetArrayDataReference(scratch.Masks);
        ref var planes = ref MemoryMarshal.GetArrayDataReference(scratch.Registers);
        ref var indexes = ref MemoryMarshal.GetArrayDataReference(scratch.Indexes);
        var margins = _forest.Model.TreeMargins;
        for (var t = 0; t < margins.Length; t++)
        {
            int count, leaves;
            if (_forest.HeapDepth > 0)
            {
                count = _forest.HeapDepth;
                leaves = 1 << count;
                HeapPlanes<TMask>.Run(ref masks, ref _forest.Heap[t << count], count, ref planes);
            }
            else
            {
                var program = _forest.Programs[t];
                (count, leaves) = (program.Planes, program.Leaves);
                Reach(program, ref masks, ref planes);
            }

            TMask.ToIndexes(ref planes, count, ref indexes);
            ref var target = ref Unsafe.Add(ref sums, margins[t] * TMask.Rows);
            if (typeof(TSum) == typeof(float))
            {
                TMask.AddLeaves(ref indexes, ref _forest.Singles[_forest.LeafStarts[t]], leaves, ref Unsafe.As<TSum, float>(ref target));
            }
            else
            {
                TMask.AddLeaves(ref indexes, ref _forest.Doubles[_forest.LeafStarts[t]], leaves, ref Unsafe.As<TSum, double>(ref target));
            }
        }
    }

    /// <summary>Planes lie first in the registers, the reach masks behind them.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void Reach(ReachProgram program, ref byte masks, ref byte planes)
    {
        ref var reach = ref Unsafe.Add(ref planes, MaxPlanes * Bytes);
        MemoryMarshal.CreateSpan(ref planes, program.Planes * Bytes).Clear();
        MemoryMarshal.CreateSpan(ref reach, Bytes).Fill(0xFF);
        foreach (ref readonly var step in program.Steps.AsSpan())
        {
            var from = TMask.Load(ref reach, step.From * Bytes);
            var test = TMask.Load(ref masks, step.Test * Bytes);
            var left = TMask.AndNot(from, test);
            var right = TMask.And(from, test);
            TMask.Store(left, ref reach, step.From * Bytes);
            TMask.Store(right, ref reach, step.Right * Bytes);
            AddTo(step.LeftPlanes, left, ref planes);
            AddTo(step.RightPlanes, right, ref planes);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void AddTo(int which, TMask value, ref byte planes)
    {
        for (; which != 0; which &= which - 1)
        {
            var offset = System.Numerics.BitOperations.TrailingZeroCount(which) * Bytes;
            TMask.Store(TMask.Or(TMask.Load(ref planes, offset), value), ref planes, offset);
        }
    }

    void Finish<TSum, TOut>(ReadOnlySpan<TSum> sums, int count, Span<TOut> margins) where TSum : unmanaged where TOut : unmanaged
    {
        var width = _forest.Model.MarginCount;
        var over = _forest.Model.AverageOver;
        for (var m = 0; m < width; m++)
        {
            for (var r = 0; r < count; r++)
            {
                var sum = sums[m * TMask.Rows + r];
                if (typeof(TSum) == typeof(float))
                {
                    var value = over == 1 ? (float)(object)sum : (float)(object)sum / (float)over;
                    margins[r * width + m] = typeof(TOut) == typeof(float) ? (TOut)(object)value : (TOut)(object)(double)value;
                }
                else
                {
                    var value = over == 1 ? (double)(object)sum : (double)(object)sum / over;
                    margins[r * width + m] = typeof(TOut) == typeof(float) ? (TOut)(object)(float)value : (TOut)(object)value;
                }
            }
        }
    }
}

/// <summary>The batch kernel without its width.</summary>
internal interface IBlockKernel
{
    int BlockRows { get; }

    void Run<TRow, TOut>(ReadOnlySpan<TRow> rows, int count, Span<TOut> margins) where TRow : unmanaged where TOut : unmanaged;
}

/// <summary>Keeps one scratch per thread that was ever at work at the same time.</summary>
internal sealed class ScratchPool(Func<BlockScratch> create)
{
    readonly System.Collections.Concurrent.ConcurrentBag<BlockScratch> _free = [];

    public BlockScratch Rent() => _free.TryTake(out var scratch) ? scratch : create();

    public void Return(BlockScratch scratch) => _free.Add(scratch);
}

using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Fettle.Forests.Kernels;

/// <summary>Runs a <see cref="PlaneForest"/> block by block in one register width.</summary>
internal sealed class BlockKernel<TMask> : IBlockKernel where TMask : unmanaged, IMask<TMask>
{
    readonly PlaneForest _forest;
    readonly ScratchPool _pool;

    /// <summary>Byte offset of each heap node's mask.</summary>
    readonly int[] _heap;
    readonly ReachProgram[] _programs;

    /// <summary>The ranked tests for <see cref="RankTests{TMask}"/>, and where each slot's begin.</summary>
    readonly RankTests<TMask>.Place[] _tests;
    readonly int[] _slotStarts;

    /// <summary>The row at each position of the sums.</summary>
    readonly short[] _order;

    public BlockKernel(PlaneForest forest)
    {
        _forest = forest;
        _pool = new ScratchPool(() => new BlockScratch(forest, TMask.Rows));
        _heap = GC.AllocateUninitializedArray<int>(forest.Heap.Length + 1, pinned: true);
        for (var i = 0; i < forest.Heap.Length; i++)
        {
            _heap[i] = forest.Heap[i] * Bytes;
        }

        _programs = [.. forest.Programs.Select(p => p.Scale(Bytes))];
        _tests = [.. forest.Tests.Select(t => RankTests<TMask>.PlaceOf(t.Rank))];
        _slotStarts = new int[forest.Ranks.Slots + 1];
        for (var slot = 0; slot <= forest.Ranks.Slots; slot++)
        {
            _slotStarts[slot] = forest.Tests.Count(t => t.Slot < slot);
        }

        _order = [.. Enumerable.Range(0, TMask.Rows).Select(p => (short)TMask.RowAt(p, forest.Doubles.Length > 0))];
    }

    public int BlockRows => TMask.Rows;

    public int Slots => _forest.Ranks.Slots;

    static int Bytes => TMask.Rows / 8;

    public void Run<TRow, TOut>(ReadOnlySpan<TRow> rows, int count, Span<TOut> margins) where TRow : unmanaged where TOut : unmanaged
    {
        var scratch = _pool.Rent();
        var features = _forest.Model.FeatureCount;
        var width = _forest.Model.MarginCount;
        for (var start = 0; start < count; start += TMask.Rows)
        {
            var block = Math.Min(TMask.Rows, count - start);
            var values = rows.Slice(start * features, block * features);
            var anyMissing = _forest.Ranks.EncodeBlock(values, block, features, ref scratch.Ranks.Start, ref scratch.Missing.Start, TMask.Rows);
            Test(scratch, anyMissing);
            TestCategories(scratch, values, block);
            if (_forest.Singles.Length > 0)
            {
                Sum<float, TOut>(scratch, block, margins.Slice(start * width, block * width));
            }
            else
            {
                Sum<double, TOut>(scratch, block, margins.Slice(start * width, block * width));
            }
        }

        _pool.Return(scratch);
    }

    void Sum<TSum, TOut>(BlockScratch scratch, int count, Span<TOut> margins) where TSum : unmanaged where TOut : unmanaged
    {
        var sums = MemoryMarshal.Cast<byte, TSum>(scratch.Sums.Span);
        Start(sums);
        Trees(scratch, ref MemoryMarshal.GetReference(sums));
        Finish(sums, count, margins);
    }

    /// <summary>Tests are sorted by slot, so a slot is prepared once; a test that no row passes comes first.</summary>
    void Test(BlockScratch scratch, bool anyMissing)
    {
        ref var masks = ref scratch.Masks.Start;
        for (var i = 0; i < _slotStarts[0]; i++)
        {
            TMask.Store(TMask.Zero, ref masks, i * Bytes);
        }

        for (var slot = 0; slot < _slotStarts.Length - 1; slot++)
        {
            var (start, end) = (_slotStarts[slot], _slotStarts[slot + 1]);
            RankTests<TMask>.Prepare(ref Unsafe.Add(ref scratch.Ranks.Start, slot * TMask.Rows), ref scratch.Nibbles.Start);
            RankTests<TMask>.Run(ref scratch.Nibbles.Start, _tests.AsSpan(start, end - start), ref Unsafe.Add(ref masks, start * Bytes));
            if (anyMissing)
            {
                SendMissing(TMask.SignBits(ref Unsafe.Add(ref scratch.Missing.Start, slot * TMask.Rows)), start, end, ref masks);
            }
        }
    }

    /// <summary>Rows whose value is missing pass the tests whose default is right.</summary>
    void SendMissing(TMask missing, int start, int end, ref byte masks)
    {
        for (var i = start; i < end; i++)
        {
            if (_forest.Tests[i].DefaultRight)
            {
                TMask.Store(TMask.Or(TMask.Load(ref masks, i * Bytes), missing), ref masks, i * Bytes);
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
            var mask = scratch.Masks.Span.Slice((_forest.Tests.Length + c) * Bytes, Bytes);
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
        ref var masks = ref scratch.Masks.Start;
        ref var planes = ref scratch.Planes.Start;
        ref var indexes = ref scratch.Indexes.Start;
        var margins = _forest.Model.TreeMargins;
        for (var t = 0; t < margins.Length; t++)
        {
            int count, leaves;
            if (_forest.HeapDepth > 0)
            {
                count = _forest.HeapDepth;
                leaves = 1 << count;
                HeapPlanes<TMask>.Run(ref masks, ref _heap[t << count], count, ref planes);
            }
            else
            {
                var program = _programs[t];
                (count, leaves) = (program.PlaneEnds.Length, program.Leaves);
                Reach(program, ref masks, ref scratch.Reach.Start, ref planes);
            }

            IndexBits<TMask>.Transpose(ref planes, count, ref indexes);
            ref var target = ref Unsafe.Add(ref sums, margins[t] * TMask.Rows);
            ref var tables = ref _forest.Tables[t * _forest.TableStride];
            if (typeof(TSum) == typeof(float))
            {
                TMask.AddLeaves(ref indexes, ref tables, ref _forest.Singles[_forest.LeafStarts[t]], leaves, ref Unsafe.As<TSum, float>(ref target));
            }
            else
            {
                TMask.AddLeaves(ref indexes, ref tables, ref _forest.Doubles[_forest.LeafStarts[t]], leaves, ref Unsafe.As<TSum, double>(ref target));
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void Reach(ReachProgram program, ref byte masks, ref byte reach, ref byte planes)
    {
        TMask.Store(TMask.Bytes(0xFF), ref reach, 0);
        nint next = Bytes;
        foreach (ref readonly var step in program.Steps.AsSpan())
        {
            var from = TMask.Load(ref reach, step.From);
            var test = TMask.Load(ref masks, step.Test);
            TMask.Store(TMask.AndNot(from, test), ref reach, next);
            TMask.Store(TMask.And(from, test), ref reach, next + Bytes);
            next += 2 * Bytes;
        }

        var at = 0;
        for (var p = 0; p < program.PlaneEnds.Length; p++)
        {
            var plane = TMask.Zero;
            for (var end = program.PlaneEnds[p]; at < end; at++)
            {
                plane = TMask.Or(plane, TMask.Load(ref reach, program.Reaches[at]));
            }

            TMask.Store(plane, ref planes, p * Bytes);
        }
    }

    void Finish<TSum, TOut>(ReadOnlySpan<TSum> sums, int count, Span<TOut> margins) where TSum : unmanaged where TOut : unmanaged
    {
        var width = _forest.Model.MarginCount;
        var over = _forest.Model.AverageOver;
        if (typeof(TSum) == typeof(TOut) && width == 1 && over == 1 && count == TMask.Rows)
        {
            // A whole block of one margin is only put in order.
            ref var from = ref MemoryMarshal.GetReference(sums);
            ref var to = ref Unsafe.As<TOut, TSum>(ref MemoryMarshal.GetReference(margins[..count]));
            ref var order = ref MemoryMarshal.GetArrayDataReference(_order);
            for (var p = 0; p < TMask.Rows; p++)
            {
                Unsafe.Add(ref to, Unsafe.Add(ref order, p)) = Unsafe.Add(ref from, p);
            }

            return;
        }

        for (var m = 0; m < width; m++)
        {
            for (var p = 0; p < _order.Length; p++)
            {
                var row = _order[p];
                if (row >= count)
                {
                    continue;
                }

                var sum = sums[m * TMask.Rows + p];
                if (typeof(TSum) == typeof(float))
                {
                    var value = over == 1 ? (float)(object)sum : (float)(object)sum / (float)over;
                    margins[row * width + m] = typeof(TOut) == typeof(float) ? (TOut)(object)value : (TOut)(object)(double)value;
                }
                else
                {
                    var value = over == 1 ? (double)(object)sum : (double)(object)sum / over;
                    margins[row * width + m] = typeof(TOut) == typeof(float) ? (TOut)(object)(float)value : (TOut)(object)value;
                }
            }
        }
    }
}

/// <summary>The batch kernel without its width.</summary>
internal interface IBlockKernel
{
    int BlockRows { get; }

    /// <summary>Rank bytes per row.</summary>
    int Slots { get; }

    void Run<TRow, TOut>(ReadOnlySpan<TRow> rows, int count, Span<TOut> margins) where TRow : unmanaged where TOut : unmanaged;
}

using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Fettle.Forests.Kernels;

/// <summary>Runs a <see cref="PlaneForest"/> block by block in one register width.</summary>
internal sealed class BlockKernel<TMask> : IBlockKernel where TMask : unmanaged, IMask<TMask>
{
    readonly PlaneForest _forest;
    readonly ScratchPool _pool;

    readonly SlotTables<TMask> _tables;

    /// <summary>Where the answers of each heap node lie.</summary>
    readonly TestPlace[] _heap;

    /// <summary>The programs one after another, as the processor reads them.</summary>
    readonly Code[] _programs;
    readonly Step[] _steps;
    readonly int[] _reaches;

    /// <summary>The row at each position of the sums.</summary>
    readonly short[] _order;

    public BlockKernel(PlaneForest forest)
    {
        _forest = forest;
        _tables = new SlotTables<TMask>(forest);
        _pool = new ScratchPool(() => new BlockScratch(forest, TMask.Rows, _tables.Bytes));
        _heap = [.. forest.Heap.Select(_tables.Of)];
        _steps = [.. forest.Programs.SelectMany(p => p.Steps, (_, s) => new Step(_tables.Of(s.Test), s.From * Bytes))];
        _reaches = [.. forest.Programs.SelectMany(p => p.Reaches, (_, r) => r * Bytes)];
        _programs = [.. forest.Programs.Select(p => new Code(p.Steps.Length, p.PlaneWidth, p.Planes, p.Leaves))];
        _order = [.. Enumerable.Range(0, TMask.Rows).Select(p => (short)TMask.RowAt(p, forest.Doubles.Length > 0))];
    }

    /// <summary>A <see cref="ReachProgram"/> without its arrays.</summary>
    readonly record struct Code(int Steps, int PlaneWidth, int Planes, int Leaves);

    /// <summary>A <see cref="ReachProgram.Step"/> in bytes.</summary>
    readonly record struct Step(TestPlace Test, int From);

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
            _tables.Fill(scratch, anyMissing);
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

    /// <summary>Category sets are looked up row by row with the oracle's own test.</summary>
    void TestCategories<TRow>(BlockScratch scratch, ReadOnlySpan<TRow> rows, int count) where TRow : unmanaged
    {
        var features = _forest.Model.FeatureCount;
        for (var c = 0; c < _forest.CategoryTests.Length; c++)
        {
            var (tree, index) = _forest.CategoryTests[c];
            ref readonly var node = ref _forest.Model.Trees[tree].Nodes[index];
            var mask = scratch.Tables.Span.Slice(_tables.OfCategory(c), Bytes);
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
        ref var tables = ref scratch.Tables.Start;
        ref var planes = ref scratch.Planes.Start;
        ref var indexes = ref scratch.Indexes.Start;
        var margins = _forest.Model.TreeMargins;
        ref var step = ref MemoryMarshal.GetArrayDataReference(_steps);
        ref var reaches = ref MemoryMarshal.GetArrayDataReference(_reaches);
        for (var t = 0; t < margins.Length; t++)
        {
            var (count, leaves) = (_forest.HeapDepth, _forest.TableLeaves);
            if (_forest.HeapDepth > 0)
            {
                HeapPlanes<TMask>.Run(ref tables, ref _heap[t << count], count, ref planes);
            }
            else
            {
                ref readonly var code = ref _programs[t];
                (count, leaves) = (code.Planes, Math.Max(leaves, code.Leaves));
                Reach(in code, ref step, ref reaches, ref tables, ref scratch.Reach.Start, ref planes);
                step = ref Unsafe.Add(ref step, code.Steps);
                reaches = ref Unsafe.Add(ref reaches, code.Planes * code.PlaneWidth);
            }

            IndexBits<TMask>.Transpose(ref planes, count, ref indexes);
            ref var target = ref Unsafe.Add(ref sums, margins[t] * TMask.Rows);
            ref var leafTables = ref _forest.Tables[t * _forest.TableStride];
            if (typeof(TSum) == typeof(float))
            {
                TMask.AddLeaves(ref indexes, ref leafTables, ref _forest.Singles[_forest.LeafStarts[t]], leaves, ref Unsafe.As<TSum, float>(ref target));
            }
            else
            {
                TMask.AddLeaves(ref indexes, ref leafTables, ref _forest.Doubles[_forest.LeafStarts[t]], leaves, ref Unsafe.As<TSum, double>(ref target));
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void Reach(in Code code, ref Step step, ref int reaches, ref byte tables, ref byte reach, ref byte planes)
    {
        TMask.Store(TMask.Bytes(0xFF), ref reach, 0);
        nint next = Bytes;
        for (var i = 0; i < code.Steps; i++)
        {
            var from = TMask.Load(ref reach, step.From);
            var test = TMask.Test(ref tables, step.Test.Low, step.Test.High);
            TMask.Store(TMask.AndNot(from, test), ref reach, next);
            TMask.Store(TMask.And(from, test), ref reach, next + Bytes);
            next += 2 * Bytes;
            step = ref Unsafe.Add(ref step, 1);
        }

        for (var p = 0; p < code.Planes; p++)
        {
            var plane = TMask.Zero;
            for (var i = 0; i < code.PlaneWidth; i += ReachProgram.Unroll)
            {
                var low = TMask.Or(TMask.Load(ref reach, reaches), TMask.Load(ref reach, Unsafe.Add(ref reaches, 1)));
                var high = TMask.Or(TMask.Load(ref reach, Unsafe.Add(ref reaches, 2)), TMask.Load(ref reach, Unsafe.Add(ref reaches, 3)));
                plane = TMask.Or(plane, TMask.Or(low, high));
                reaches = ref Unsafe.Add(ref reaches, ReachProgram.Unroll);
            }

            TMask.Store(plane, ref planes, (code.Planes - 1 - p) * Bytes);
        }

        for (var p = code.Planes; p < BlockScratch.MaxPlanes; p++)
        {
            TMask.Store(TMask.Zero, ref planes, p * Bytes);
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

using System.Runtime.Intrinsics.X86;
using Fettle.Forests.Kernels;

namespace Fettle.Forests.Tests.Kernels;

/// <summary>Every kernel at every level gives the oracle's bits. The 512-bit kernels run in software where the processor has no AVX-512.</summary>
public sealed class KernelEqualityTests
{
    /// <summary>Whole blocks of 256 and 512 rows and a rest.</summary>
    const int BlockRows = 530;

    static int Models => Soak.IsOn ? 3000 : 70;

    [Theory]
    [InlineData(nameof(SimdLevel.Scalar))]
    [InlineData(nameof(SimdLevel.Avx2))]
    [InlineData(nameof(SimdLevel.Avx512))]
    public void RandomForests_FloatRows(string level)
    {
        var seen = (Row: 0, Lanes: 0, Block: 0, Heap: 0, Walk: 0);
        for (var seed = 0; seed < Models; seed++)
        {
            var random = new RandomForest(seed);
            var rows = random.Rows(BlockRows);
            var compiled = Compile(random.Model, level);
            seen.Row += compiled.Row is null ? 0 : 1;
            seen.Lanes += compiled.Lanes is null ? 0 : 1;
            seen.Block += compiled.Block is null ? 0 : 1;
            seen.Walk += compiled.Walk is null ? 0 : 1;
            seen.Heap += compiled.Block is not null && random.Model.Depth <= PlaneForest.MaxHeapDepth ? 1 : 0;
            Check(random.Model, compiled, rows, BlockRows, $"seed {seed} {level}");
        }

        // The property must not hold because nothing was compiled.
        seen.Walk.ShouldBeGreaterThan(20);
        if (level != nameof(SimdLevel.Scalar) && Avx2.IsSupported)
        {
            seen.Row.ShouldBeGreaterThan(16);
            seen.Lanes.ShouldBeGreaterThan(10);
            seen.Block.ShouldBeGreaterThan(40);
            seen.Heap.ShouldBeGreaterThan(12);
        }
    }

    /// <summary>More trees than lanes, a group that is not full, every depth the lane kernel takes, and one to four registers of rank bytes.</summary>
    [Theory]
    [InlineData(nameof(SimdLevel.Avx2))]
    [InlineData(nameof(SimdLevel.Avx512))]
    public void ManyShallowTrees(string level)
    {
        var seen = 0;
        for (var seed = 3000; seed < 3072; seed++)
        {
            var random = new RandomForest(seed, treeCount: 1 + seed * 7 % 100, depth: 1 + seed % 6, featureCount: 1 + seed * 13 % 60);
            var compiled = Compile(random.Model, level);
            seen += compiled.Lanes is null ? 0 : 1;
            Check(random.Model, compiled, random.Rows(60), 60, $"seed {seed} {level}");
            if (random.Model.Arithmetic == ForestArithmetic.Double)
            {
                Check(random.Model, compiled, random.DoubleRows(60), 60, $"seed {seed} {level} double rows");
            }
        }

        if (Avx2.IsSupported)
        {
            seen.ShouldBeGreaterThan(30);
        }
    }

    [Theory]
    [InlineData(nameof(SimdLevel.Scalar))]
    [InlineData(nameof(SimdLevel.Avx2))]
    [InlineData(nameof(SimdLevel.Avx512))]
    public void RandomForests_DoubleRows(string level)
    {
        for (var seed = 1000; seed < 1000 + Models; seed++)
        {
            var random = new RandomForest(seed);
            if (random.Model.Arithmetic == ForestArithmetic.Double)
            {
                Check(random.Model, Compile(random.Model, level), random.DoubleRows(300), 300, $"seed {seed} {level}");
            }
        }
    }

    [Theory]
    [InlineData(ForestKernel.Auto)]
    [InlineData(ForestKernel.Plain)]
    public void WholeForest_AnyBatchSizeAndThreads_GivesTheSameBits(ForestKernel kernel)
    {
        for (var seed = 2000; seed < 2020; seed++)
        {
            var random = new RandomForest(seed);
            var rows = random.Rows(1200);
            var plain = new Forest(random.Model, new ForestOptions { Kernel = ForestKernel.Plain });
            var forest = new Forest(random.Model, new ForestOptions { Kernel = kernel, Threads = 3, ParallelRows = 600 });
            foreach (var count in new[] { 0, 1, 7, 255, 257, 599, 1200 })
            {
                var (mine, expected) = (new float[count * forest.OutputCount], new float[count * forest.OutputCount]);
                forest.Predict(rows, count, mine);
                plain.Predict(rows, count, expected);
                SameBits.ShouldHold(mine, expected, $"seed {seed}, {count} rows");
            }
        }
    }

    [Fact]
    public void Predict_AllocatesNothing()
    {
        var random = new RandomForest(7);
        var forest = new Forest(random.Model, new ForestOptions());
        var rows = random.Rows(600);
        var outputs = new float[600 * forest.OutputCount];
        for (var i = 0; i < 3; i++)
        {
            forest.Predict(rows, 1, outputs);
            forest.Predict(rows, 600, outputs);
        }

        var before = GC.GetAllocatedBytesForCurrentThread();
        forest.Predict(rows, 1, outputs);
        forest.Predict(rows, 600, outputs);
        (GC.GetAllocatedBytesForCurrentThread() - before).ShouldBe(0);
    }

    /// <summary>A chain of 700 splits on one feature: three rank bytes, and more leaves than a byte can index.</summary>
    [Theory]
    [InlineData(nameof(SimdLevel.Scalar), 700)]
    [InlineData(nameof(SimdLevel.Avx2), 700)]
    [InlineData(nameof(SimdLevel.Avx2), 250)]
    [InlineData(nameof(SimdLevel.Avx512), 250)]
    public void ChainOnOneFeature_ReachesEveryLeaf(string level, int splits)
    {
        var model = Chain(splits, first: 0);
        var rows = Enumerable.Range(-2, 2 * splits + 4).Select(i => i / 2f).Append(float.NaN).ToArray();
        Check(model, Compile(model, level), rows, rows.Length, $"{splits} splits {level}");
    }

    /// <summary>Small trees share 65,000 thresholds of a feature: 16-bit ranks, split over rank bytes, in the kernels that compare bytes.</summary>
    [Theory]
    [InlineData(nameof(SimdLevel.Avx2), 300)]
    [InlineData(nameof(SimdLevel.Avx512), 300)]
    [InlineData(nameof(SimdLevel.Avx2), 4_000)]
    [InlineData(nameof(SimdLevel.Avx2), RankTable.MaxKeys)]
    public void SixteenBitRanks_KeepEveryBit(string level, int thresholds)
    {
        var trees = new List<Trees.DecisionTree>();
        for (var first = 0; first < thresholds; first += 50)
        {
            trees.Add(Chain(Math.Min(50, thresholds - first), first).Trees[0]);
        }

        var model = new ForestModel { FeatureCount = 1, Trees = [.. trees], TreeMargins = new int[trees.Count] };
        var compiled = Compile(model, level);
        if (Avx2.IsSupported)
        {
            compiled.Block.ShouldNotBeNull();
            compiled.Block.Slots.ShouldBe((thresholds + 254) / 255);
            (compiled.Row is not null).ShouldBe(thresholds <= 64 * 255);
        }

        var random = new Random(5);
        var rows = Enumerable.Range(0, 300).Select(i => random.Next(-4, 2 * thresholds + 4) / 2f).ToArray();
        (rows[0], rows[1], rows[2], rows[3]) = (float.NaN, 254, 255, 254.5f);
        Check(model, compiled, rows, rows.Length, $"{thresholds} thresholds {level}");
    }

    [Fact]
    public void MoreThan65535Thresholds_AreWalkedAndTheSummarySaysWhy()
    {
        var trees = Enumerable.Range(0, 660).Select(t => Chain(100, 100 * t).Trees[0]).ToArray();
        var forest = new Forest(new ForestModel { FeatureCount = 1, Trees = trees, TreeMargins = new int[trees.Length] }, new ForestOptions());
        forest.KernelSummary.ShouldContain(Simd.Level == SimdLevel.Scalar ? "no vector instructions" : "65535 distinct thresholds");
        forest.Compiled.Walk.ShouldNotBeNull();
        forest.Predict([150.5f]).ShouldBe(new Forest(forest.Model, new ForestOptions { Kernel = ForestKernel.Plain }).Predict([150.5f]));
    }

    static ForestModel Chain(int splits, int first)
    {
        var nodes = new Trees.TreeNode[2 * splits + 1];
        for (var i = 0; i < splits; i++)
        {
            nodes[2 * i] = new Trees.TreeNode { Kind = Trees.SplitKind.Less, Threshold = first + i, Left = 2 * i + 1, Right = 2 * i + 2, DefaultLeft = i % 3 != 0 };
            nodes[2 * i + 1] = new Trees.TreeNode { Value = first + i };
        }

        nodes[2 * splits] = new Trees.TreeNode { Value = first + splits };
        var tree = new Trees.DecisionTree { Nodes = nodes };
        tree.Validate(1).ShouldBeNull();
        return new ForestModel { FeatureCount = 1, Trees = [tree], TreeMargins = [0] };
    }

    [Fact]
    public void CompiledOnly_RefusesAModelWithoutACompiledForm()
    {
        var nodes = new Trees.TreeNode[] { new() { Kind = Trees.SplitKind.Equal, Threshold = 1, Left = 1, Right = 2 }, new() { Value = 1 }, new() { Value = 2 } };
        var tree = new Trees.DecisionTree { Nodes = nodes };
        tree.Validate(1).ShouldBeNull();
        var model = new ForestModel { FeatureCount = 1, Trees = [tree], TreeMargins = [0] };
        Should.Throw<NotSupportedException>(() => new Forest(model, new ForestOptions { Kernel = ForestKernel.Compiled })).Message.ShouldContain("equality");
        var forest = new Forest(model, new ForestOptions());
        forest.KernelSummary.ShouldContain("one row: plain");
        (forest.Predict([1f]), forest.Predict([0f])).ShouldBe((1f, 2f));
    }

    [Fact]
    public void Choice_IsMeasuredOnceForAShape()
    {
        // One that the scalar level has a kernel for, too.
        var model = Enumerable.Range(2004, 40).Select(seed => new RandomForest(seed).Model).First(m => CompiledForest.Create(m, SimdLevel.Scalar).Walk is not null);
        var (first, second) = (new Forest(model, new ForestOptions()), new Forest(model, new ForestOptions()));
        first.Choice.ShouldBe(second.Choice);
        var times = first.Choice.Times.ShouldNotBeNull();
        times.Fit(first.Compiled).ShouldBeTrue();
        var one = first.Choice.One switch { RowKernel.Lanes => times.Lanes, RowKernel.Row => times.Row, RowKernel.Walk => times.Walk, _ => times.Plain };
        one.ShouldBe(new[] { times.Lanes, times.Row, times.Walk, times.Plain }.Min());
    }

    [Fact]
    public void ParallelThreshold_IsMeasuredUnlessGiven()
    {
        var model = new RandomForest(2004).Model;
        new Forest(model, new ForestOptions()).ParallelFrom.ShouldBe(int.MaxValue);
        new Forest(model, new ForestOptions { Threads = 2, ParallelRows = 77 }).ParallelFrom.ShouldBe(77);
        new Forest(model, new ForestOptions { Threads = 2 }).ParallelFrom.ShouldBeInRange(2, 1 << 24);
        ParallelStart.RowsFor(1e9, 2).ShouldBe(2);
        ParallelStart.RowsFor(100, 2).ShouldBeGreaterThanOrEqualTo(ParallelStart.RowsFor(100, 4));
    }

    [Theory]
    [InlineData("sse9")]
    [InlineData("2")]
    public void UnknownLevel_IsRefusedWithTheAllowedOnes(string text) => Should.Throw<ArgumentException>(() => Simd.Choose(text)).Message.ShouldContain("scalar, avx2, avx512");

    internal static CompiledForest Compile(ForestModel model, string level)
    {
        var wanted = Enum.Parse<SimdLevel>(level);
        return CompiledForest.Create(model, wanted == SimdLevel.Avx2 && !Avx2.IsSupported ? SimdLevel.Scalar : wanted);
    }

    internal static void Check<TRow>(ForestModel model, CompiledForest compiled, TRow[] rows, int count, string subject) where TRow : unmanaged
    {
        if (model.Arithmetic == ForestArithmetic.Single)
        {
            Compare<TRow, float>(model, compiled, rows, count, subject, (r, m) => PlainWalk.Single(model, r, m), (r, m) => compiled.Row!.Single(r, m));
        }
        else
        {
            Compare<TRow, double>(model, compiled, rows, count, subject, (r, m) => PlainWalk.Double(model, r, m), (r, m) => compiled.Row!.Double(r, m));
        }
    }

    delegate void Walk<TRow, TSum>(ReadOnlySpan<TRow> row, Span<TSum> margins);

    static void Compare<TRow, TSum>(
        ForestModel model, CompiledForest compiled, TRow[] rows, int count, string subject, Walk<TRow, TSum> oracle, Walk<TRow, TSum> single)
        where TRow : unmanaged
        where TSum : unmanaged, System.Numerics.IFloatingPointIeee754<TSum>
    {
        var width = model.MarginCount;
        var (expected, one, block) = (new TSum[count * width], new TSum[count * width], new TSum[count * width]);
        for (var r = 0; r < count; r++)
        {
            var row = rows.AsSpan(r * model.FeatureCount, model.FeatureCount);
            oracle(row, expected.AsSpan(r * width, width));
            if (compiled.Row is not null)
            {
                single(row, one.AsSpan(r * width, width));
            }
        }

        if (compiled.Row is not null)
        {
            SameBits.ShouldHold(one, expected, subject + " row kernel");
        }

        if (compiled.Lanes is not null && (typeof(TRow) == typeof(float) || typeof(TSum) == typeof(double)))
        {
            var lanes = new TSum[count * width];
            for (var r = 0; r < count; r++)
            {
                compiled.Lanes.Run(rows.AsSpan(r * model.FeatureCount, model.FeatureCount), lanes.AsSpan(r * width, width));
            }

            SameBits.ShouldHold(lanes, expected, subject + " lane kernel");
        }

        // The scalar kernel takes rows in the model's own type or narrower.
        if (compiled.Walk is not null && (typeof(TRow) == typeof(float) || typeof(TSum) == typeof(double)))
        {
            var walked = new TSum[count * width];
            compiled.Walk.Run<TRow, TSum>(rows, count, walked);
            SameBits.ShouldHold(walked, expected, subject + " scalar kernel");
            compiled.Walk.Run<TRow, TSum>(rows.AsSpan(0, model.FeatureCount), 1, walked);
            SameBits.ShouldHold(walked[..width], expected[..width], subject + " scalar kernel, one row");
        }

        if (compiled.Block is not null)
        {
            compiled.Block.Run<TRow, TSum>(rows, count, block);
            SameBits.ShouldHold(block, expected, subject + " batch kernel");
        }
    }
}

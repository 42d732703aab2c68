using System.Runtime.Intrinsics.X86;
using Fettle.Forests.Kernels;

namespace Fettle.Forests.Tests.Kernels;

/// <summary>Every kernel at every level gives the oracle's bits. The 512-bit kernels run in software where the processor has no AVX-512.</summary>
public sealed class KernelEqualityTests
{
    const int Models = 150;

    [Theory]
    [InlineData(nameof(SimdLevel.Avx2))]
    [InlineData(nameof(SimdLevel.Avx512))]
    public void RandomForests_FloatRows(string level)
    {
        var seen = (Row: 0, Block: 0, Heap: 0);
        for (var seed = 0; seed < Models; seed++)
        {
            var random = new RandomForest(seed);
            var rows = random.Rows(700);
            var compiled = Compile(random.Model, level);
            seen.Row += compiled.Row is null ? 0 : 1;
            seen.Block += compiled.Block is null ? 0 : 1;
            seen.Heap += compiled.Block is not null && random.Model.Depth <= PlaneForest.MaxHeapDepth ? 1 : 0;
            Check(random.Model, compiled, rows, 700, $"seed {seed} {level}");
        }

        // The property must not hold because nothing was compiled.
        seen.Row.ShouldBeGreaterThan(40);
        seen.Block.ShouldBeGreaterThan(100);
        seen.Heap.ShouldBeGreaterThan(30);
    }

    [Theory]
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

    [Fact]
    public void MoreThan255Thresholds_FallBackToTheOracleAndSayWhy()
    {
        var random = new RandomForest(3);
        var nodes = new Trees.TreeNode[2 * 300 + 1];
        for (var i = 0; i < 300; i++)
        {
            nodes[2 * i] = new Trees.TreeNode { Kind = Trees.SplitKind.Less, Threshold = i, Left = 2 * i + 1, Right = 2 * i + 2 };
            nodes[2 * i + 1] = new Trees.TreeNode { Value = i };
        }

        nodes[600] = new Trees.TreeNode { Value = 300 };
        var tree = new Trees.DecisionTree { Nodes = nodes };
        tree.Validate(1).ShouldBeNull();
        var forest = new Forest(new ForestModel { FeatureCount = 1, Trees = [tree], TreeMargins = [0] }, new ForestOptions());
        forest.KernelSummary.ShouldContain(Simd.Level == SimdLevel.Scalar ? "plain" : "255 distinct thresholds");
        forest.Predict([150.5f]).ShouldBe(151f);
    }

    [Theory]
    [InlineData("sse9")]
    [InlineData("2")]
    public void UnknownLevel_IsRefusedWithTheAllowedOnes(string text) => Should.Throw<ArgumentException>(() => Simd.Choose(text)).Message.ShouldContain("scalar, avx2, avx512");

    static CompiledForest Compile(ForestModel model, string level)
    {
        var wanted = Enum.Parse<SimdLevel>(level);
        return CompiledForest.Create(model, wanted == SimdLevel.Avx2 && !Avx2.IsSupported ? SimdLevel.Scalar : wanted);
    }

    static void Check<TRow>(ForestModel model, CompiledForest compiled, TRow[] rows, int count, string subject) where TRow : unmanaged
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

        if (compiled.Block is not null)
        {
            compiled.Block.Run<TRow, TSum>(rows, count, block);
            SameBits.ShouldHold(block, expected, subject + " batch kernel");
        }
    }
}

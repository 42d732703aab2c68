namespace Fettle.Forests.Tests.Synthetic;

public sealed class SyntheticModelTests
{
    [Fact]
    public void SameOptions_SameBytes()
    {
        var model = new SyntheticModel { Trees = 5, Seed = 8 };
        model.ToXgboostJson().ShouldBe((model with { }).ToXgboostJson());
        model.ToLightGbmText().ShouldBe((model with { }).ToLightGbmText());
        model.ToLightGbmText().ShouldNotBe((model with { Seed = 9 }).ToLightGbmText());
    }

    [Theory]
    [InlineData(2)]
    [InlineData(31)]
    [InlineData(64)]
    [InlineData(255)]
    [InlineData(300)]
    public void LightGbmText_HasTheLeavesAskedForAndEveryKernelAgrees(int leaves)
    {
        var bytes = new SyntheticModel { Trees = 9, Leaves = leaves, Features = 20 }.ToLightGbmText();
        var forest = Forest.Load(bytes, "model.txt");
        (forest.Model.TreeCount, forest.Model.LargestTree, forest.Model.LeafCount).ShouldBe((9, leaves, 9L * leaves));
        forest.Model.Arithmetic.ShouldBe(ForestArithmetic.Double);
        var rows = ThresholdRows.Create(forest.Model, 700, seed: 2, missing: 0.05);
        var plain = Forest.Load(bytes, "model.txt", new ForestOptions { Kernel = ForestKernel.Plain });
        var compiled = Forest.Load(bytes, "model.txt", new ForestOptions { Kernel = ForestKernel.Compiled });
        var (a, b) = (new double[700], new double[700]);
        plain.PredictMargin(rows, 700, a);
        compiled.PredictMargin(rows, 700, b);
        SameBits.ShouldHold(b, a, $"{leaves} leaves");
        for (var r = 0; r < 50; r++)
        {
            compiled.PredictMargin(rows.AsSpan(r * 20, 20), 1, b);
            b[0].ShouldBe(a[r]);
        }
    }

    [Fact]
    public void OutsideOfARange_NamesValueAndRange()
    {
        Should.Throw<ArgumentOutOfRangeException>(() => new SyntheticModel { Trees = 0 }).Message.ShouldContain("Trees is 0; allowed: 1 to 100000");
        Should.Throw<ArgumentOutOfRangeException>(() => new SyntheticModel { Depth = 13 });
        Should.Throw<ArgumentOutOfRangeException>(() => new SyntheticModel { XgboostVersion = 4 });
    }
}

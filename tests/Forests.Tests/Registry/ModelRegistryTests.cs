using System.Globalization;

namespace Fettle.Forests.Tests.Registry;

public sealed class ModelRegistryTests : IDisposable
{
    readonly string _folder = Directory.CreateTempSubdirectory("fettle-registry-").FullName;
    readonly ModelRegistry _registry;

    public ModelRegistryTests() => _registry = new ModelRegistry(Path.Combine(_folder, "models"), "stocks");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Empty_ServesNothingAndSaysSo()
    {
        var result = _registry.Reload();
        result.Active.ShouldBeNull();
        result.Problem.ShouldNotBeNull();
        _registry.Versions().ShouldBeEmpty();
    }

    [Fact]
    public void Activate_ServesTheVersionAndKeepsThePrevious()
    {
        Add("1.0", 1);
        Add("2.0", 2);
        _registry.Activate("1.0");
        Answer().ShouldBe(1f);
        _registry.Activate("2.0");
        Answer().ShouldBe(2f);
        (_registry.ActiveVersion, _registry.PreviousVersion).ShouldBe(("2.0", "1.0"));
        _registry.Rollback().Version.ShouldBe("1.0");
        Answer().ShouldBe(1f);
        _registry.Rollback().Version.ShouldBe("2.0");
        _registry.Rollback("1.0").Version.ShouldBe("1.0");
    }

    [Fact]
    public void CorruptFile_NeverReplacesAGoodModel()
    {
        Add("1.0", 1);
        Add("2.0", 2);
        _registry.Activate("1.0");
        Damage("2.0");
        Should.Throw<ModelFormatException>(() => _registry.Activate("2.0")).Message.ShouldContain("checksum");
        (Answer(), _registry.ActiveVersion).ShouldBe((1f, "1.0"));
        File.WriteAllText(Path.Combine(_folder, "models", "stocks", "active"), "2.0\n");
        var result = _registry.Reload();
        result.Problem.ShouldNotBeNull();
        (result.Changed, result.Requested, Answer()).ShouldBe((false, "2.0", 1f));
    }

    [Fact]
    public void CorruptActiveVersionAtStart_FallsBackToThePrevious()
    {
        Add("1.0", 1);
        Add("2.0", 2);
        Add("3.0", 3);
        _registry.Activate("1.0");
        _registry.Activate("2.0");
        Damage("2.0");
        var fresh = new ModelRegistry(Path.Combine(_folder, "models"), "stocks");
        var result = fresh.Reload();
        result.Active!.Version.ShouldBe("1.0");
        result.Problem!.ShouldContain("checksum");
    }

    [Fact]
    public void Reload_FollowsThePointerOfAnotherProcess()
    {
        Add("1.0", 1);
        Add("2.0", 2);
        _registry.Activate("1.0");
        new ModelRegistry(Path.Combine(_folder, "models"), "stocks").Activate("2.0");
        Answer().ShouldBe(1f);
        _registry.Reload().Changed.ShouldBeTrue();
        Answer().ShouldBe(2f);
    }

    [Fact]
    public void Add_RefusesDamagedFilesAndExistingVersions()
    {
        Add("1.0", 1);
        Should.Throw<InvalidOperationException>(() => Add("1.0", 2));
        var file = Path.Combine(_folder, "bad.json");
        File.WriteAllText(file, "{");
        Should.Throw<ModelFormatException>(() => _registry.Add("2.0", file));
        _registry.Versions().Select(v => v.Version).ShouldBe(["1.0"]);
    }

    [Theory]
    [InlineData("../2")]
    [InlineData(".hidden")]
    [InlineData("active")]
    [InlineData("")]
    public void UnsafeVersionNames_AreRefused(string version) => Should.Throw<ArgumentException>(() => _registry.Activate(version));

    [Fact]
    public async Task Predictions_NeverFailWhileVersionsSwap()
    {
        Add("1.0", 1);
        Add("2.0", 2);
        _registry.Activate("1.0");
        using var done = new CancellationTokenSource();
        var reader = Task.Run(() =>
        {
            var answers = 0;
            while (!done.IsCancellationRequested || answers == 0)
            {
                var model = _registry.Current!;
                var answer = model.Forest.PredictMargin([0f]);
                answer.ShouldBe(model.Version == "1.0" ? 1f : 2f);
                answers++;
            }

            return answers;
        });
        for (var i = 0; i < 50; i++)
        {
            _registry.Activate(i % 2 == 0 ? "2.0" : "1.0");
        }

        await done.CancelAsync();
        (await reader).ShouldBeGreaterThan(0);
    }

    float Answer() => _registry.Current!.Forest.PredictMargin([0f]);

    void Damage(string version)
    {
        var path = Path.Combine(_folder, "models", "stocks", version, "model");
        var bytes = File.ReadAllBytes(path);
        bytes[^10] ^= 1;
        File.WriteAllBytes(path, bytes);
    }

    void Add(string version, int value)
    {
        var file = Path.Combine(_folder, $"{version}.json");
        File.WriteAllText(file, OneLeaf(value));
        _registry.Add(version, file, new Dictionary<string, double> { ["auc"] = 0.5 });
    }

    static string OneLeaf(int value) => $$$"""
        {"learner":{"gradient_booster":{"model":{"gbtree_model_param":{"num_trees":"1"},"tree_info":[0],"trees":[
        {"default_left":[0],"left_children":[-1],"right_children":[-1],"split_conditions":[{{{value.ToString(CultureInfo.InvariantCulture)}}}],"split_indices":[0],"tree_param":{"num_nodes":"1"}}]},
        "name":"gbtree"},"learner_model_param":{"base_score":"0","num_feature":"1"},"objective":{"name":"reg:squarederror"}},"version":[1,7,4]}
        """;
}

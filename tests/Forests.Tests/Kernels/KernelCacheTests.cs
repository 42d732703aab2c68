using Fettle.Forests.Kernels;

namespace Fettle.Forests.Tests.Kernels;

/// <summary>Measured times outlive the process in a folder, and nothing but an intact file of the same model, machine and build is believed.</summary>
public sealed class KernelCacheTests : IDisposable
{
    readonly string _folder = Directory.CreateTempSubdirectory("fettle-kernels-").FullName;
    readonly byte[] _model = new SyntheticModel { Trees = 40, Depth = 4, Features = 6, Thresholds = 30 }.ToXgboostJson();

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    ForestOptions Options => new() { KernelCache = Path.Combine(_folder, "kernels") };

    [Fact]
    public void SecondLoad_TakesTheFile()
    {
        var first = Forest.Load(_model, "model", Options);
        first.Choice.FromFile.ShouldBeFalse();
        var file = Directory.GetFiles(Options.KernelCache!).ShouldHaveSingleItem();
        file.ShouldEndWith(".kernels");
        var second = Forest.Load(_model, "model", Options);
        second.Choice.FromFile.ShouldBeTrue();
        second.Choice.ShouldBe(first.Choice with { FromFile = true });
        second.KernelSummary.ShouldBe(first.KernelSummary);
    }

    [Fact]
    public void WhatTheFileSays_IsWhatRuns()
    {
        var forest = Forest.Load(_model, "model", Options);
        var compiled = forest.Compiled;
        var cache = new KernelCache(Options.KernelCache!, System.Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(_model)), compiled.Level);
        var times = new KernelTimes(5, compiled.Walk is null ? null : 7, compiled.Row is null ? null : 8, compiled.Lanes is null ? null : 9, compiled.Walk is null ? null : 6, compiled.Block is null ? null : 1e9);
        cache.Write(times);
        var plain = Forest.Load(_model, "model", Options);
        (plain.Choice.Times, plain.Choice.One, plain.Choice.BlockFrom, plain.Choice.WalkBatches).ShouldBe((times, RowKernel.Plain, int.MaxValue, false));
        plain.Predict([1, 2, 3, 4, 5, 6]).ShouldBe(forest.Predict([1, 2, 3, 4, 5, 6]));
    }

    [Fact]
    public void DamageOfAnyByte_IsMeasuredAgain()
    {
        Forest.Load(_model, "model", Options);
        var file = Directory.GetFiles(Options.KernelCache!).ShouldHaveSingleItem();
        var good = File.ReadAllBytes(file);
        // The last byte only ends the line: without it the file says the same.
        for (var i = 0; i < good.Length - 1; i += Soak.IsOn ? 1 : 29)
        {
            var bad = (byte[])good.Clone();
            bad[i] ^= 1;
            File.WriteAllBytes(file, bad);
            Forest.Load(_model, "model", Options).Choice.FromFile.ShouldBeFalse($"byte {i}");
            File.WriteAllBytes(file, good[..i]);
            Forest.Load(_model, "model", Options).Choice.FromFile.ShouldBeFalse($"cut at {i}");
        }

        // What was measured again replaced the damage.
        Forest.Load(_model, "model", Options).Choice.FromFile.ShouldBeTrue();
    }

    [Fact]
    public void OtherModelsAndLevels_HaveTheirOwnFile()
    {
        Forest.Load(_model, "model", Options);
        var other = new SyntheticModel { Seed = 9, Trees = 40, Depth = 4, Features = 6, Thresholds = 30 }.ToXgboostJson();
        Forest.Load(other, "model", Options).Choice.FromFile.ShouldBeFalse();
        Directory.GetFiles(Options.KernelCache!).Length.ShouldBe(2);
        new KernelCache(_folder, "a", SimdLevel.Scalar).Path.ShouldNotBe(new KernelCache(_folder, "a", SimdLevel.Avx2).Path);
    }

    [Fact]
    public void TimesOfKernelsThatTheModelLacks_AreNotBelieved()
    {
        var forest = Forest.Load(_model, "model", Options);
        var cache = new KernelCache(Options.KernelCache!, "another", forest.Compiled.Level);
        var good = forest.Choice.Times!;
        cache.Write(good);
        cache.Read(forest.Compiled).ShouldBe(good);
        cache.Write(good with { Walk = null });
        cache.Read(forest.Compiled).ShouldBeNull();
        cache.Write(good with { Plain = -1 });
        cache.Read(forest.Compiled).ShouldBeNull();
    }

    [Fact]
    public void FolderThatCannotBeWritten_KeepsNothingAndHurtsNobody()
    {
        var file = Path.Combine(_folder, "file");
        File.WriteAllText(file, "");
        var forest = Forest.Load(_model, "model", new ForestOptions { KernelCache = Path.Combine(file, "below") });
        forest.Choice.FromFile.ShouldBeFalse();
        forest.Predict(new float[6]).ShouldBeGreaterThan(0);
    }

    [Fact]
    public void With_RunsTheSameModelAnotherWay()
    {
        var plain = Forest.Load(_model, "model", Options with { Kernel = ForestKernel.Plain });
        Directory.Exists(Options.KernelCache!).ShouldBeFalse("nothing was measured");
        var compiled = plain.With(new ForestOptions());
        compiled.Model.ShouldBeSameAs(plain.Model);
        Directory.GetFiles(Options.KernelCache!).Length.ShouldBe(1);
        compiled.Predict([1, 2, 3, 4, 5, 6]).ShouldBe(plain.Predict([1, 2, 3, 4, 5, 6]));
        plain.KernelSummary.ShouldContain("plain");
    }
}

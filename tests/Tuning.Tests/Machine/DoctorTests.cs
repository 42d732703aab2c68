namespace Fettle.Tuning.Tests.Machine;

public sealed class DoctorTests : IDisposable
{
    readonly string _folder = Directory.CreateTempSubdirectory("fettle-doctor-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task EveryPart_IsLookedAtAndNothingIsLeft()
    {
        var checks = await Doctor.ExamineAsync(_folder);
        checks.Select(c => c.Name).ShouldBeSubsetOf(["runtime", "processors", "quiet", "steal", "steadiness", "clock", "frequency", "memory", "disk", "flush", "sqlite", "git", "psql", "redis-cli", "ports", "architecture"]);
        checks.Count.ShouldBeGreaterThan(8);
        checks.ShouldAllBe(c => c.Found.Length > 0 && (c.State == CheckState.Ok || c.Fix.Length > 0));
        Directory.GetFiles(_folder).ShouldBeEmpty();
    }

    [Theory]
    [InlineData(1000, 900, 0, CheckState.Ok, CheckState.Ok)]
    [InlineData(1000, 700, 0, CheckState.Warning, CheckState.Ok)]
    [InlineData(1000, 300, 0, CheckState.Failed, CheckState.Ok)]
    [InlineData(1000, 900, 50, CheckState.Ok, CheckState.Warning)]
    public void BusyAndStolenProcessors_AreTold(long total, long idle, long steal, CheckState quiet, CheckState stolen)
    {
        var checks = Doctor.Processor(new ProcessorTimes(total, idle, steal)).ToArray();
        checks.Select(c => c.State).ShouldBe([quiet, stolen]);
    }

    [Fact]
    public void ProcStat_IsReadFieldByField()
    {
        var times = ProcessorTimes.Parse("cpu  100 10 40 800 20 5 5 20 7 3");
        times.ShouldBe(new ProcessorTimes(1000, 820, 20));
        times.StealShare.ShouldBe(0.02);
        times.BusyShare.ShouldBe(0.16, 1e-12);
    }

    [Fact]
    public void SlowClockAndUnsteadyWork_AreTold()
    {
        Doctor.Clock("hpet").State.ShouldBe(CheckState.Warning);
        Doctor.Clock("tsc").State.ShouldBe(CheckState.Ok);
        Doctor.Spread(0.02).State.ShouldBe(CheckState.Ok);
        Doctor.Spread(0.2).State.ShouldBe(CheckState.Warning);
        Doctor.Spread(0.9).State.ShouldBe(CheckState.Failed);
    }
}

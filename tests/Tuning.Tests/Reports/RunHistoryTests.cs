using Fettle.Tuning.Reports;

namespace Fettle.Tuning.Tests.Reports;

public sealed class RunHistoryTests
{
    [Fact]
    public void Trend_HasABarPerRunAndTheChange()
    {
        RunHistory.Trend("x, ms", [8, 4, 1]).ShouldBe("trend  x, ms: █▅▂  8.00 → 1.00 (-88%)\n");
        RunHistory.Trend("x", [0, 0]).ShouldContain("▁▁");
    }

    [Fact]
    public void FolderWithoutRuns_SaysSo() => RunHistory.Text(Path.Combine(Path.GetTempPath(), "fettle-no-such-state")).ShouldContain("no runs in");
}

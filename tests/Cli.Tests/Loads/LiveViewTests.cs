using Fettle.Cli.Loads;
using Fettle.LoadTesting;
using Fettle.LoadTesting.Scenarios;
using Fettle.Testing;

namespace Fettle.Cli.Tests.Loads;

public sealed class LiveViewTests
{
    static readonly ScenarioFile File = ScenarioReader.Parse("scenarios: { a: { rate: 1, duration: 10s, requests: [{ path: / }] } }");

    static LoadProgress At(double seconds, double median, bool warmingUp = false) =>
        new(TimeSpan.FromSeconds(seconds), warmingUp, 100, 2, 3, 4, 5, 50, median, median * 3);

    [Fact]
    public void Terminal_IsOneLineThatIsWrittenOver()
    {
        using var console = ConsoleCapture.Start();
        var view = new LiveView(File, plain: false);
        view.Report(At(0.5, double.NaN, warmingUp: true));
        view.Report(At(2.5, 1));
        view.Report(At(5, 8));
        view.Close();

        console.Error.ShouldNotContain("\n");
        var lines = console.Error.Split('\r', StringSplitOptions.RemoveEmptyEntries);
        lines[0].ShouldContain("warm-up");
        lines[1].ShouldContain("25%");
        lines[2].ShouldContain("50%");
        lines[2].ShouldContain("failed 2  in flight 3  waiting 4");
        lines[2].ShouldContain("▁█");
        lines[^1].ShouldBe("\e[K");
    }

    [Fact]
    public void Plain_IsALineEveryFiveSeconds()
    {
        using var console = ConsoleCapture.Start();
        var view = new LiveView(File, plain: true);
        for (var i = 0; i < 25; i++)
        {
            view.Report(At(i / 2.0, i));
        }

        view.Close();
        console.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length.ShouldBe(2);
        console.Error.ShouldNotContain('\e');
    }

    [Fact]
    public void Sparkline_KeepsTheLastTwentyFour()
    {
        using var console = ConsoleCapture.Start();
        var view = new LiveView(File, plain: false);
        for (var i = 0; i < 60; i++)
        {
            view.Report(At(i / 2.0, i));
        }

        var last = console.Error.Split('\r')[^1];
        last.Count(c => c is >= '▁' and <= '█').ShouldBe(24);
    }
}

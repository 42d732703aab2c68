using System.CommandLine;
using Fettle.Shared.Verbs;
using Fettle.Testing;

namespace Fettle.Cli.Tests;

public sealed class CommandRunnerTests
{
    [Theory]
    [InlineData("tuen", "tune")]
    [InlineData("lod", "load")]
    [InlineData("rolback", "rollback")]
    [InlineData("zzzzzzzz", null)]
    public void Nearest_IsWithinAFewEdits(string word, string? expected) =>
        CommandRunner.Nearest(word, VerbCatalog.All.Select(v => v.Name)).ShouldBe(expected);

    [Fact]
    public async Task UnknownVerb_IsOneLineWithTheNearestAndExits2()
    {
        var (code, error) = await RunAsync(new RootCommand(), "tuen");

        code.ShouldBe(ExitCode.Usage);
        error.Trim().ShouldBe("fettle: unknown verb 'tuen'; did you mean 'tune'? (fettle --help lists the verbs)");
    }

    [Fact]
    public async Task UnknownOption_IsOneLineWithTheNearestAndExits2()
    {
        var (code, error) = await RunAsync(Root(_ => 0), "go", "--sped", "3");

        code.ShouldBe(ExitCode.Usage);
        error.ShouldContain("unknown option '--sped'; did you mean '--speed'?");
        error.Trim().ShouldNotContain('\n');
    }

    [Fact]
    public async Task MalformedValue_Exits2()
    {
        var (code, error) = await RunAsync(Root(_ => 0), "go", "--speed", "fast");

        code.ShouldBe(ExitCode.Usage);
        error.ShouldContain("fast");
    }

    [Theory]
    [InlineData("'apply' needs <run>: A run's id, or a result file, of 'fettle advise' or 'fettle tune'", "apply")]
    [InlineData("Must be one of: 'low', 'medium'", "tune", "stocks", "--risk", "enormous")]
    public async Task MissingOrWrongValue_IsOneLineThatNamesWhatIsWanted(string expected, params string[] arguments)
    {
        var outcome = await Loads.CliRun.InProcessAsync(arguments);

        outcome.Code.ShouldBe(ExitCode.Usage);
        outcome.Error.ShouldContain(expected);
        outcome.Error.Trim().ShouldNotContain('\n');
    }

    [Fact]
    public async Task MistakeOfTheUser_IsItsMessageAndItsCode()
    {
        var (code, error) = await RunAsync(Root(_ => throw new UserErrorException("no such file 'x'", ExitCode.NoneKept)), "go");

        code.ShouldBe(ExitCode.NoneKept);
        error.Trim().ShouldBe("fettle: no such file 'x'");
    }

    [Fact]
    public async Task Interruption_Exits130()
    {
        var (code, _) = await RunAsync(Root(_ => throw new OperationCanceledException()), "go");
        code.ShouldBe(ExitCode.Interrupted);
    }

    [Fact]
    public async Task Defect_IsOneLineAndExits70()
    {
        var (code, error) = await RunAsync(Root(_ => throw new FormatException("odd")), "go");

        code.ShouldBe(ExitCode.Internal);
        error.Trim().ShouldBe("fettle: internal error, FormatException: odd; FETTLE_TRACE=1 shows where");
    }

    [Fact]
    public async Task ResultOfTheVerb_IsTheExitCode()
    {
        var (code, _) = await RunAsync(Root(_ => ExitCode.ThresholdFailed), "go");
        code.ShouldBe(ExitCode.ThresholdFailed);
    }

    [Fact]
    public void Help_ListsEveryVerb()
    {
        foreach (var verb in VerbCatalog.All)
        {
            HelpText.All().ShouldContain($"  {verb.Name,-10} {verb.Summary}");
        }
    }

    [Theory]
    [InlineData]
    [InlineData("--help")]
    [InlineData("help")]
    [InlineData("--version")]
    public async Task HelpAndVersion_Exit0(params string[] arguments) =>
        (await CommandLine.RunAsync(arguments)).ShouldBe(ExitCode.Ok);

    static RootCommand Root(Func<int, int> run)
    {
        var speed = new Option<int>("--speed");
        var go = new Command("go") { speed };
        go.SetAction((parse, _) => Task.FromResult(run(parse.GetValue(speed))));
        return new RootCommand { go };
    }

    static async Task<(int Code, string Error)> RunAsync(RootCommand root, params string[] arguments)
    {
        using var captured = ConsoleCapture.Start();
        return (await CommandRunner.RunAsync(root, arguments, VerbCatalog.All.Select(v => v.Name)), captured.Error);
    }
}

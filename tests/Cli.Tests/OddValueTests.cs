using System.CommandLine;
using Fettle.Shared.Verbs;
using Fettle.Testing;

namespace Fettle.Cli.Tests;

/// <summary>Every option of every verb with values that nobody means: a message for the person, never an internal error.</summary>
[Trait("Category", "Slow")]
public sealed class OddValueTests
{
    const string Nowhere = "/dev/null/file";

    static readonly string[] Values = ["xyz", "-5", "", Nowhere, "sqlite:/dev/null/a.db", "999999999999", "http://127.0.0.1:9", "1e308", "NaN"];

    public static TheoryData<string> Verbs
    {
        get
        {
            var paths = new TheoryData<string>();
            foreach (var (path, _) in Leaves(CommandLine.Root(), ""))
            {
                paths.Add(path);
            }

            return paths;
        }
    }

    [Theory]
    [MemberData(nameof(Verbs))]
    public async Task OddValues_AreRefusedInWords(string verb)
    {
        var command = Leaves(CommandLine.Root(), "").Single(l => l.Path == verb).Command;
        string[] words = verb.Split(' ');
        var arguments = command.Arguments.Select(_ => Nowhere).ToArray();
        foreach (var given in Values.Select(v => command.Arguments.Select(_ => v).ToArray()))
        {
            await RefusedAsync([.. words, .. given]);
        }

        // A verb without arguments would begin its work for an option that happens to be in range.
        foreach (var option in command.Arguments.Count == 0 ? [] : command.Options.Where(o => o.Name is not ("--help" or "--version")))
        {
            foreach (var value in Values)
            {
                await RefusedAsync([.. words, .. arguments, option.Name, value]);
            }
        }
    }

    static async Task RefusedAsync(string[] arguments)
    {
        using var captured = ConsoleCapture.Start();
        var code = await CommandLine.RunAsync(arguments);
        code.ShouldNotBe(ExitCode.Internal, $"fettle {string.Join(' ', arguments)}\n{captured.Error}");
    }

    static IEnumerable<(string Path, Command Command)> Leaves(Command command, string path) => command.Subcommands.Count == 0
        ? [(path, command)]
        : command.Subcommands.SelectMany(c => Leaves(c, $"{path} {c.Name}".Trim()));
}

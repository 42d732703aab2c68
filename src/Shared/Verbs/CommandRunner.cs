using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Parsing;

namespace Fettle.Shared.Verbs;

/// <summary>Parses and invokes one way for every executable: one line per mistake, nearest match, exit codes.</summary>
internal static class CommandRunner
{
    /// <summary>Set to 1, an internal error is shown with its stack.</summary>
    public const string TraceVariable = "FETTLE_TRACE";

    /// <summary>
    /// A mistake in the arguments prints one line with the nearest known word and exits with 2.
    /// Ctrl-C cancels the verb's token and exits with 130. A <see cref="UserErrorException"/> prints its message and exits with 1.
    /// Anything else is a defect: one line, and exit 70.
    /// </summary>
    public static async Task<int> RunAsync(RootCommand root, string[] arguments, IEnumerable<string> verbs)
    {
        if (arguments is [var first, ..] && !first.StartsWith('-') && root.Subcommands.All(c => c.Name != first))
        {
            return Usage($"unknown verb '{first}'", Nearest(first, verbs));
        }

        // No response files: '@FILE' is a value of our own options, such as a request's body.
        var parsed = root.Parse(arguments, new ParserConfiguration { ResponseFileTokenReplacer = null });
        if (parsed.Errors.Count > 0)
        {
            var unknown = parsed.UnmatchedTokens.FirstOrDefault();
            if (unknown is not null)
            {
                var command = parsed.CommandResult.Command;
                var known = command.Options.Select(o => o.Name).Concat(command.Subcommands.Select(c => c.Name));
                return Usage($"unknown {(unknown.StartsWith('-') ? "option" : "argument")} '{unknown}'", Nearest(unknown, known));
            }

            return Usage(string.Join("; ", parsed.Errors.Select(Message)), null);
        }

        if (parsed.CommandResult.Children.FirstOrDefault(c => c.Tokens.Any(t => t.Value.Length == 0)) is { } empty)
        {
            return Usage($"{(empty is OptionResult { IdentifierToken: { } option } ? option.Value : $"<{((ArgumentResult)empty).Argument.Name}>")} is empty", null);
        }

        try
        {
            var invocation = new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = TimeSpan.FromSeconds(30) };
            if (parsed.Action is HelpAction)
            {
                // The parser names the assembly; a person typed the launcher's name.
                using var help = new StringWriter();
                invocation.Output = help;
                var code = await parsed.InvokeAsync(invocation);
                Console.Out.Write(help.ToString().Replace(RootCommand.ExecutableName, "fettle", StringComparison.Ordinal));
                return code;
            }

            return await parsed.InvokeAsync(invocation);
        }
        catch (OperationCanceledException)
        {
            Console.Error.WriteLine("fettle: interrupted");
            return ExitCode.Interrupted;
        }
        catch (UserErrorException e)
        {
            Console.Error.WriteLine($"fettle: {e.Message}");
            return e.ExitCode;
        }
        catch (Exception e)
        {
            // A verb turns what a person can mend into a UserErrorException; whatever else arrives here is a defect.
            var trace = Environment.GetEnvironmentVariable(TraceVariable) == "1";
            Console.Error.WriteLine(trace ? $"fettle: {e}" : $"fettle: internal error, {e.GetType().Name}: {e.Message.Split('\n')[0].TrimEnd()}; {TraceVariable}=1 shows where");
            return ExitCode.Internal;
        }
    }

    /// <summary>The parser's words on one line; an argument that is missing is named with what it is.</summary>
    static string Message(ParseError error)
    {
        if (error.SymbolResult is ArgumentResult { Tokens.Count: 0, Argument: { Arity.MinimumNumberOfValues: > 0 } missing, Parent: CommandResult { Command: var command } })
        {
            return $"'{command.Name}' needs <{missing.Name}>: {missing.Description?.TrimEnd('.')}";
        }

        var lines = error.Message.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        return $"{lines[0]}{(lines.Length > 1 ? " " : "")}{string.Join(", ", lines[1..])}".TrimEnd('.');
    }

    static int Usage(string message, string? nearest)
    {
        Console.Error.WriteLine($"fettle: {message}{(nearest is null ? "" : $"; did you mean '{nearest}'?")} (fettle --help lists the verbs)");
        return ExitCode.Usage;
    }

    /// <summary>The known word within an edit distance of two, or a third of its length if that is more.</summary>
    internal static string? Nearest(string word, IEnumerable<string> known) => known
        .Select(k => (Word: k, Distance: Distance(word, k)))
        .Where(c => c.Distance <= Math.Max(2, c.Word.Length / 3))
        .OrderBy(c => c.Distance).ThenBy(c => c.Word, StringComparer.Ordinal)
        .Select(c => c.Word).FirstOrDefault();

    /// <summary>Edits with a transposition counted as one, because that is how people mistype.</summary>
    static int Distance(string a, string b)
    {
        var d = new int[a.Length + 1, b.Length + 1];
        for (var i = 0; i <= a.Length; i++)
        {
            for (var j = 0; j <= b.Length; j++)
            {
                if (i == 0 || j == 0)
                {
                    d[i, j] = i + j;
                    continue;
                }

                d[i, j] = Math.Min(Math.Min(d[i - 1, j], d[i, j - 1]) + 1, d[i - 1, j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1));
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                {
                    d[i, j] = Math.Min(d[i, j], d[i - 2, j - 2] + 1);
                }
            }
        }

        return d[a.Length, b.Length];
    }
}

/// <summary>A mistake of the user or of the surroundings: the message is for a person and says what to do.</summary>
internal sealed class UserErrorException(string message, int exitCode = ExitCode.Error) : Exception(message)
{
    public int ExitCode { get; } = exitCode;
}

using System.Diagnostics;
using Fettle.Shared.Verbs;

namespace Fettle.Cli.Delivery.Cdn;

/// <summary>A command of a vendor's own tool, to be read by a person, pasted into a shell, or run.</summary>
internal sealed record VendorCommand(string Program, params IReadOnlyList<string> Arguments)
{
    /// <summary>The line as a shell takes it.</summary>
    public override string ToString() => this is { Program: "sh", Arguments: ["-c", var script] }
        ? script
        : string.Join(' ', Arguments.Prepend(Program).Select(Quote));

    public static string Quote(string text) =>
        text.Length > 0 && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.' or '/' or ':' or '=' or ',' or '@' or '+')
            ? text
            : "'" + text.Replace("'", "'\\''", StringComparison.Ordinal) + "'";

    /// <summary>Prints the commands; runs them in order when <paramref name="yes"/> is given or answered, and stops at the first that fails.</summary>
    public static async Task<int> OfferAsync(IReadOnlyList<VendorCommand> commands, bool yes, CancellationToken cancellation)
    {
        foreach (var command in commands)
        {
            Console.Out.WriteLine(command);
        }

        if (!yes)
        {
            if (Console.IsInputRedirected)
            {
                Console.Error.WriteLine($"{commands.Count} commands, none was run; --yes runs them");
                return ExitCode.Ok;
            }

            Console.Error.Write($"run these {commands.Count} commands? [y/N] ");
            if (Console.In.ReadLine()?.Trim().ToLowerInvariant() is not ("y" or "yes"))
            {
                Console.Error.WriteLine("none was run");
                return ExitCode.Ok;
            }
        }

        for (var i = 0; i < commands.Count; i++)
        {
            var code = await commands[i].RunAsync(cancellation);
            if (code != 0)
            {
                throw new UserErrorException($"command {i + 1} of {commands.Count} ended with {code}; the {commands.Count - i - 1} after it were not run: {commands[i]}");
            }
        }

        Console.Error.WriteLine($"{commands.Count} commands run");
        return ExitCode.Ok;
    }

    async Task<int> RunAsync(CancellationToken cancellation)
    {
        try
        {
            var start = new ProcessStartInfo(Program) { UseShellExecute = false };
            foreach (var argument in Arguments)
            {
                start.ArgumentList.Add(argument);
            }

            using var process = Process.Start(start)!;
            await process.WaitForExitAsync(cancellation);
            return process.ExitCode;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            throw new UserErrorException($"the program {Program} is not on the PATH; install the vendor's tool, or paste the printed commands where it is");
        }
    }
}

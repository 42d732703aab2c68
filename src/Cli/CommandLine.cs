using System.CommandLine;
using System.Reflection;
using Fettle.Cli.Tuning;
using Fettle.Shared.Verbs;

namespace Fettle.Cli;

/// <summary>Parses, calls a library, renders. Every verb is one file that returns its <see cref="Command"/>.</summary>
internal static class CommandLine
{
    /// <summary>The verbs this program runs itself, beside the ones that Host runs.</summary>
    static readonly Func<Command>[] Verbs =
    [
        Loads.LoadCommand.Create,
        Loads.ScaleCommand.Create,
        TuneCommand.Create,
        MeasureCommand.Create,
        AdviseCommand.Create,
        ApplyCommand.Create,
        VerifyCommand.Create,
        BenchmarkCommand.Create,
        DoctorCommand.Create,
        RollbackCommand.Create,
        ReportCommand.Create,
        Caches.CacheCommand.Create,
        Databases.DbCommand.Create,
        Models.ModelCommand.Create,
        HistoryCommand.Create,
        Delivery.DeliveryCommand.Create,
    ];

    public static async Task<int> RunAsync(string[] arguments)
    {
        if (arguments is [] or ["help"] or ["--help"] or ["-h"] or ["-?"])
        {
            Console.Out.Write(HelpText.All());
            return ExitCode.Ok;
        }

        if (arguments is ["--version"])
        {
            Console.Out.WriteLine($"fettle {Version()}");
            return ExitCode.Ok;
        }

        return await CommandRunner.RunAsync(Root(), arguments, VerbCatalog.All.Select(v => v.Name));
    }

    /// <summary>The tree of verbs that this program runs itself.</summary>
    internal static RootCommand Root()
    {
        var root = new RootCommand("Fettle makes data and ML web services fast and proves it.");
        foreach (var create in Verbs)
        {
            root.Subcommands.Add(create());
        }

        return root;
    }

    static string Version() =>
        typeof(CommandLine).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion;
}

using System.CommandLine;
using Fettle.Shared.Verbs;

namespace Fettle.Services.Host;

/// <summary>The verbs that own service code; the launcher sends them here.</summary>
internal static class HostCommandLine
{
    static readonly Func<Command>[] Verbs =
    [
        ServeCommand.Create,
        SampleCommand.Create,
        ImportCommand.Create,
        FeaturesCommand.Create,
        RunCommand.Create,
        Configuration.ConfigCommand.Create,
    ];

    public static async Task<int> RunAsync(string[] arguments)
    {
        var root = new RootCommand("Fettle's reference services.");
        foreach (var create in Verbs)
        {
            root.Subcommands.Add(create());
        }

        return await CommandRunner.RunAsync(root, arguments, VerbCatalog.All.Select(v => v.Name));
    }
}

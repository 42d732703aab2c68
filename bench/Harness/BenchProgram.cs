using System.Reflection;
using Fettle.Shared.Results;

namespace Fettle.Bench;

/// <summary>A benchmark that <c>dotnet run --project bench/X -- name</c> finds by its name.</summary>
internal interface IBenchmark
{
    string Name { get; }

    string Summary { get; }

    /// <summary>Runs and fills tables, histograms and data; the harness adds machine, commit, command and noise.</summary>
    Task RunAsync(ResultDocument result, string[] arguments);
}

/// <summary>Lists or runs the benchmarks of the entry assembly and writes one result file for each into bench/results.</summary>
internal static class BenchProgram
{
    public static async Task<int> RunAsync(string[] arguments)
    {
        var benchmarks = Assembly.GetEntryAssembly()!.GetTypes()
            .Where(t => t.IsAssignableTo(typeof(IBenchmark)) && !t.IsAbstract)
            .Select(t => (IBenchmark)Activator.CreateInstance(t)!)
            .OrderBy(b => b.Name, StringComparer.Ordinal).ToArray();
        var benchmark = benchmarks.FirstOrDefault(b => arguments.Length > 0 && b.Name == arguments[0]);
        if (benchmark is null)
        {
            Console.Error.WriteLine(arguments.Length == 0 ? "which benchmark?" : $"no benchmark '{arguments[0]}'");
            foreach (var known in benchmarks)
            {
                Console.Error.WriteLine($"  {known.Name,-24} {known.Summary}");
            }

            return 2;
        }

        var time = TimeProvider.System;
        var start = time.GetTimestamp();
        var result = new ResultDocument
        {
            Kind = "bench",
            Name = benchmark.Name,
            StartedAt = time.GetUtcNow(),
            Machine = RunEnvironment.Machine(),
            Source = RunEnvironment.Source(),
            Command = ["dotnet", "run", "-c", "Release", "--project", $"bench/{Assembly.GetEntryAssembly()!.GetName().Name!.Split('.')[^1]}", "--", .. arguments],
        };
        result.Noise["loadAverageBefore"] = RunEnvironment.LoadAverage();
        await benchmark.RunAsync(result, arguments[1..]);
        result.Noise["loadAverageAfter"] = RunEnvironment.LoadAverage();
        result.DurationSeconds = Math.Round(time.GetElapsedTime(start).TotalSeconds, 1);
        foreach (var table in result.Tables)
        {
            Print(table);
        }

        var folder = Path.Combine(RepositoryRoot(), "bench", "results", MachineName(result.Machine));
        result.Save(Path.Combine(folder, benchmark.Name + ".json"));
        Console.Error.WriteLine($"written: {Path.GetRelativePath(Environment.CurrentDirectory, folder)}/{benchmark.Name}.json");
        return 0;
    }

    static void Print(ResultTable table)
    {
        var widths = table.Columns.Select((c, i) => Math.Max(c.Length, table.Rows.Select(r => r[i].Length).DefaultIfEmpty(0).Max())).ToArray();
        Console.WriteLine($"\n{table.Title}");
        Console.WriteLine(string.Join("  ", table.Columns.Select((c, i) => i == 0 ? c.PadRight(widths[i]) : c.PadLeft(widths[i]))));
        foreach (var row in table.Rows)
        {
            Console.WriteLine(string.Join("  ", row.Select((c, i) => i == 0 ? c.PadRight(widths[i]) : c.PadLeft(widths[i]))));
        }

        if (table.Note is not null)
        {
            Console.WriteLine(table.Note);
        }
    }

    static string MachineName(MachineInfo machine) =>
        string.Join('-', $"{machine.Processor} {machine.Cores} cores".ToLowerInvariant().Split([' ', '(', ')', '@', '/'], StringSplitOptions.RemoveEmptyEntries));

    static string RepositoryRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Fettle.slnx")))
            {
                return folder.FullName;
            }
        }

        return Environment.CurrentDirectory;
    }
}

using System.CommandLine;
using System.Globalization;
using Fettle.Shared.Verbs;
using Fettle.Tuning;
using Fettle.Tuning.Config;
using Fettle.Tuning.Reports;

namespace Fettle.Cli.Tuning;

/// <summary>What the command line said itself, and a file therefore does not.</summary>
/// <param name="Trust">The trust asked for, or null.</param>
/// <param name="Risk">Whether the highest risk was given.</param>
internal readonly record struct Given(Trust? Trust, bool Risk);

/// <summary>Runs the loop in one of its modes and renders it.</summary>
internal static class Runs
{
    public static Command Reading(string name, string description, TuningMode mode)
    {
        var settings = new TuneSettings();
        var command = new Command(name, description);
        settings.AddTo(command);
        command.SetAction(async (parse, cancellation) =>
        {
            await RunAsync(settings, parse, settings.Options(parse, mode), cancellation);
            return ExitCode.Ok;
        });
        return command;
    }

    public static async Task<TuningOutcome> RunAsync(TuneSettings settings, ParseResult parse, TuningOptions options, CancellationToken cancellation, Given given = default)
    {
        var outcome = await MeasureAsync(settings, parse, options, cancellation, given);
        var folder = Path.GetRelativePath(Environment.CurrentDirectory, outcome.Folder);
        File.WriteAllText(Path.Combine(outcome.Folder, "report.html"), TuningReport.Html(outcome.Json));
        settings.Write(parse, outcome.Json, $"report: {folder}/report.html, data: {folder}/result.json");
        return outcome;
    }

    /// <summary>Runs without rendering.</summary>
    public static async Task<TuningOutcome> MeasureAsync(TuneSettings settings, ParseResult parse, TuningOptions options, CancellationToken cancellation, Given given = default)
    {
        try
        {
            var target = await settings.TargetAsync(parse, cancellation);
            options = FromFile(options, settings.FileSettings, given);
            var budget = options.EffectiveBudget;
            if (options.Mode == TuningMode.Tune)
            {
                Console.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"tuning {target.Name} on {target.Database?.ToString() ?? target.Url?.ToString()}: about {(budget.TotalMinutes < 2 ? $"{budget.TotalSeconds:0} seconds" : $"{budget.TotalMinutes:0} minutes")}, Ctrl-C takes everything back"));
            }

            var asks = options is { Mode: TuningMode.Tune, Ask: not null } && !Console.IsInputRedirected;
            return await ProgressLine.ShowAsync(progress => Tuner.RunAsync(target, options, progress, cancellation: cancellation), asks && options.Trust < Trust.Auto);
        }
        catch (TuningException e)
        {
            throw new UserErrorException(e.Message);
        }
    }

    /// <summary>The command line goes before the file; the file's trust bounds how far the verb goes.</summary>
    static TuningOptions FromFile(TuningOptions options, (Trust Trust, TimeSpan? Budget, string? Risk) file, Given given)
    {
        var trust = given.Trust ?? file.Trust;
        var mode = trust switch
        {
            Trust.Observe when options.Mode == TuningMode.Tune => TuningMode.Measure,
            Trust.Advise when options.Mode == TuningMode.Tune => TuningMode.Advise,
            _ => options.Mode,
        };
        if (mode != options.Mode)
        {
            Console.Error.WriteLine(mode == TuningMode.Measure
                ? "trust: observe – measuring only; 'trust: advise' in fettle.yaml (or --trust advise) also lists proposals, 'apply' tries them and asks"
                : "trust: advise – measuring and listing proposals; 'trust: apply' in fettle.yaml (or --trust apply) tries them and asks");
        }

        return options with { Mode = mode, Trust = trust, Budget = options.Budget ?? file.Budget, HighestRisk = file.Risk is { } risk && !given.Risk ? risk : options.HighestRisk };
    }
}

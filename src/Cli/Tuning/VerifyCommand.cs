using System.CommandLine;
using Fettle.Shared.Verbs;
using Fettle.Tuning;
using Fettle.Tuning.Reports;

namespace Fettle.Cli.Tuning;

/// <summary><c>fettle verify</c>: measures again and holds the figures and answers to a baseline, for a pipeline.</summary>
internal static class VerifyCommand
{
    public static Command Create()
    {
        var settings = new TuneSettings();
        var baseline = new Option<string>("--baseline") { Description = "A result of 'fettle measure': a file, or a run's id.", Required = true };
        var measured = new Option<FileInfo?>("--measured") { Description = "Compare this result of 'fettle measure' instead of measuring." };
        var tolerance = new Option<double>("--tolerance") { Description = "Loss in per cent that is accepted, 1–100.", DefaultValueFactory = _ => 10 };
        var thresholds = new Option<string[]>("--threshold") { Description = "Absolute limits, such as p95<20 (ms), capacity>500 (requests/s), failed<1; beside those of fettle.yaml.", AllowMultipleArgumentsPerToken = true };
        var changed = new Option<bool>("--allow-changed-answers") { Description = "Answers may differ from the baseline's." };
        var command = new Command("verify", "Measure and compare with a baseline: 0 not worse, 3 worse or an answer changed, 4 undecided, 99 a threshold missed.");
        settings.AddTo(command);
        foreach (var option in new Option[] { baseline, measured, tolerance, thresholds, changed })
        {
            command.Options.Add(option);
        }

        command.SetAction(async (parse, cancellation) =>
        {
            try
            {
                var before = ReportCommand.Load(parse.GetValue(settings.State)!, parse.GetValue(baseline)!);
                var limits = (parse.GetValue(thresholds) ?? []).Select(VerifyThreshold.Parse).ToList();
                var options = new VerifyOptions { TolerancePercent = parse.GetValue(tolerance), AllowChangedAnswers = parse.GetValue(changed) };
                string now;
                if (parse.GetValue(measured) is { } file)
                {
                    now = ReportCommand.Load(parse.GetValue(settings.State)!, file.FullName);
                }
                else
                {
                    var run = settings.Options(parse, TuningMode.Measure) with { Rate = Verifier.Rate(before) };
                    now = (await Runs.MeasureAsync(settings, parse, run, cancellation)).Json;
                    limits.AddRange(settings.Target!.Thresholds);
                }

                var outcome = Verifier.Compare(before, now, options with { Thresholds = limits });
                settings.Write(parse, outcome.Json, $"verdict: {outcome.End}");
                return outcome.End switch
                {
                    VerifyEnd.NotWorse => ExitCode.Ok,
                    VerifyEnd.Worse => ExitCode.NoneKept,
                    VerifyEnd.ThresholdFailed => ExitCode.ThresholdFailed,
                    _ => ExitCode.Undecided,
                };
            }
            catch (Exception e) when (e is InvalidDataException or FormatException or ArgumentOutOfRangeException)
            {
                throw new UserErrorException(e.Message.Split('\n')[0], e is InvalidDataException ? ExitCode.Error : ExitCode.Usage);
            }
        });
        return command;
    }
}

using System.CommandLine;
using Fettle.LoadTesting.Reports;
using Fettle.Shared.Verbs;

namespace Fettle.Cli.Loads;

/// <summary><c>fettle load compare A.json B.json</c>: better 0, no difference 0, worse 3, unlike 4.</summary>
internal static class CompareCommand
{
    public static Command Create()
    {
        var baseline = new Argument<string>("baseline") { Description = "Report of the baseline run" };
        var candidate = new Argument<string>("candidate") { Description = "Report of the run to judge" };
        var threshold = new Option<double>("--noise-threshold")
        {
            Description = "Change of the median that does not count, in percent (0–100): what the machine drifts between two runs of the same service",
            DefaultValueFactory = _ => RunComparison.DefaultNoiseThreshold,
            HelpName = "PERCENT",
        };
        var command = new Command("compare", "Say whether a run is better, worse or not different, with confidence") { baseline, candidate, threshold };
        command.SetAction(parse =>
        {
            if (parse.GetValue(threshold) is not (>= 0 and <= 100) and var value)
            {
                throw new UserErrorException($"--noise-threshold is {value}; 0–100 percent are allowed, such as 5", ExitCode.Usage);
            }

            try
            {
                var comparison = RunComparison.Of(LoadReport.Load(parse.GetValue(baseline)!), LoadReport.Load(parse.GetValue(candidate)!), parse.GetValue(threshold));
                Console.Out.WriteLine($"{comparison.Verdict switch { ComparisonVerdict.Better => "better", ComparisonVerdict.Worse => "worse", ComparisonVerdict.NoDifference => "no difference", _ => "cannot be compared" }}: {comparison.Reason}");
                return comparison.Verdict switch { ComparisonVerdict.Worse => ExitCode.NoneKept, ComparisonVerdict.Unlike => ExitCode.Undecided, _ => ExitCode.Ok };
            }
            catch (Exception e) when (e is IOException or InvalidDataException)
            {
                throw new UserErrorException(e.Message);
            }
        });
        return command;
    }
}

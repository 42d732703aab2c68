using Fettle.LoadTesting.Scaling;

namespace Fettle.LoadTesting.Capacity;

/// <summary>One policy played against one load.</summary>
/// <param name="Policy">The policy's name.</param>
/// <param name="Load">The load's name.</param>
/// <param name="Outcome">What it did.</param>
public sealed record PolicyTrial(string Policy, string Load, PolicyOutcome Outcome);

/// <summary>
/// The plan whose policies have been played against the measured curve: a day's wave with noise, hours at the very rate where the
/// number of instances is undecided, and a step to the peak and back. While a policy flaps, the cool-down of removals is doubled, up to half an
/// hour; a policy that still flaps then is not recommended and its files are not written.
/// </summary>
/// <param name="Plan">The plan, its cool-downs changed where a policy flapped.</param>
/// <param name="Trials">Every policy against every load.</param>
/// <param name="Refused">Policies that flap whatever the cool-down.</param>
public sealed record PolicyTrials(CapacityPlan Plan, IReadOnlyList<PolicyTrial> Trials, IReadOnlyList<string> Refused)
{
    const int LongestCooldown = 1800; // Kubernetes allows no longer period.

    /// <summary>The files of every policy that is played.</summary>
    public static IReadOnlyDictionary<string, IReadOnlyList<string>> Files { get; } = new Dictionary<string, IReadOnlyList<string>>
    {
        ["kubernetes autoscaler"] = ["kubernetes/hpa.yaml"],
        ["keda"] = ["kubernetes/keda.yaml"],
        ["aws target tracking"] = ["aws/target-tracking-cpu.json", "aws/target-tracking-requests.json", "aws/scale-in-step.json", "aws/scale-in-alarm.json"],
        ["gcp autoscaler"] = ["gcp/autoscaler.json"],
        ["fettle scale"] = [],
    };

    /// <summary>Plays every policy and settles the cool-down.</summary>
    public static PolicyTrials Of(CapacityPlan plan, CapacityRequest request)
    {
        // Neither depends on the cool-down.
        var loads = Loads(plan, request.PeakRate).ToArray();
        var service = new SimulatedService(plan, request.TargetCpu);
        while (true)
        {
            var trials = loads.SelectMany(load => Files.Keys.Select(policy => new PolicyTrial(policy, load.Name, PolicySimulation.Run(Make(policy, plan, request), plan, service, load.Rates)))).ToArray();
            var flapping = trials.Where(t => t.Outcome.Reversals > 0).Select(t => t.Policy).Distinct().ToArray();
            if (flapping.Length == 0 || plan.ScaleInCooldown * 2 > LongestCooldown)
            {
                return new PolicyTrials(plan, trials, flapping);
            }

            plan = plan with { ScaleInCooldown = plan.ScaleInCooldown * 2 };
        }
    }

    /// <summary>The configuration of the recommended policies only.</summary>
    public IReadOnlyDictionary<string, string> Write(CapacityRequest request)
    {
        var refused = Refused.SelectMany(p => Files[p]).ToHashSet();
        return ScalingFiles.Write(Plan, request).Where(f => !refused.Contains(f.Key)).ToDictionary();
    }

    /// <summary>The policy as its file has it, on the values of the plan.</summary>
    internal static SimulatedPolicy Make(string policy, CapacityPlan plan, CapacityRequest request)
    {
        double Cpu(PolicyView v) => v.CpuPercent / 100 / request.TargetCpu;
        double Rate(PolicyView v) => v.Rate / Math.Floor(plan.RatePerInstance);
        var p95Target = plan.P95Target;
        double Slow(PolicyView v) => v.P95Milliseconds / p95Target;
        return policy switch
        {
            "kubernetes autoscaler" => new HorizontalAutoscaler([Cpu, Rate, Slow], plan.ScaleUpWindow, plan.ScaleInCooldown, plan.ScaleOutCooldown, plan.ScaleInCooldown),
            "keda" => new HorizontalAutoscaler([Cpu, Rate], plan.ScaleUpWindow, plan.ScaleInCooldown, plan.ScaleOutCooldown, plan.ScaleInCooldown),
            "aws target tracking" => new TargetTracking([Cpu, Rate], plan.ScaleInCpu(request.TargetCpu), plan.ScaleOutCooldown, plan.ScaleInCooldown),
            "gcp autoscaler" => new ManagedInstanceGroup([Cpu], plan.ScaleInCooldown),
            _ => new StepPolicy(new ScalingRuleOptions
            {
                MinInstances = Math.Min(100, plan.MinInstances),
                MaxInstances = Math.Min(100, plan.MaxInstances),
                ScaleOutCpu = request.TargetCpu * 100,
                ScaleInCpu = Math.Max(1, request.TargetCpu * 100 - 20),
                Window = TimeSpan.FromSeconds(plan.ScaleUpWindow),
                ScaleOutCooldown = TimeSpan.FromSeconds(plan.ScaleOutCooldown),
                ScaleInCooldown = TimeSpan.FromSeconds(plan.ScaleInCooldown),
            }),
        };
    }

    internal static IEnumerable<(string Name, IReadOnlyList<double> Rates)> Loads(CapacityPlan plan, double peak)
    {
        var random = new Random(1);
        double Noise() => 0.9 + 0.2 * random.NextDouble();
        var edge = plan.RatePerInstance * Math.Max(plan.MinInstances, plan.Instances - 1);
        yield return ("a day", [.. Enumerable.Range(0, 86_400).Select(s => peak * (0.6 - 0.4 * Math.Cos(2 * Math.PI * s / 86_400)) * Noise())]);
        yield return ("at the edge", [.. Enumerable.Range(0, 14_400).Select(_ => edge * Noise())]);
        yield return ("a step", [.. Enumerable.Range(0, 10_800).Select(s => peak * (s is >= 3600 and < 6000 ? 1 : 0.4) * Noise())]);
    }
}

namespace Fettle.LoadTesting.Capacity;

/// <summary>What a scaling policy did in a simulated day.</summary>
/// <param name="Changes">How often the number of instances changed.</param>
/// <param name="Reversals">How often a change undid the one before it within twice the longer cool-down: flapping.</param>
/// <param name="OverloadedSeconds">Seconds in which the instances could not carry the load.</param>
public sealed record PolicyOutcome(int Changes, int Reversals, int OverloadedSeconds);

/// <summary>
/// Plays a scaling policy against the measured curve before it is recommended: use of the instances follows from the fitted law,
/// the policy acts on its average over two minutes, with both cool-downs.
/// </summary>
public static class PolicySimulation
{
    const int WindowSeconds = 120;

    /// <summary>Runs the policy over a load, one value per second in requests per second.</summary>
    public static PolicyOutcome Run(CapacityPlan plan, IReadOnlyList<double> load, double targetCpu = 0.7)
    {
        var full = plan.RatePerInstance / targetCpu;
        var instances = plan.MinInstances;
        var window = new Queue<double>();
        var (sum, lastOut, lastIn, lastDirection, lastChange) = (0.0, int.MinValue / 2, int.MinValue / 2, 0, int.MinValue / 2);
        var (changes, reversals, overloaded) = (0, 0, 0);
        for (var second = 0; second < load.Count; second++)
        {
            overloaded += load[second] > instances * full ? 1 : 0;
            window.Enqueue(load[second]);
            sum += load[second];
            if (window.Count > WindowSeconds)
            {
                sum -= window.Dequeue();
            }

            var mean = sum / window.Count;
            var wanted = Math.Clamp((int)Math.Ceiling(mean / plan.RatePerInstance - 1e-9), plan.MinInstances, plan.MaxInstances);
            // Within a tenth of the target nothing changes, as the Kubernetes autoscaler has it.
            var use = mean / (instances * plan.RatePerInstance);
            var direction = wanted > instances && use > 1.1 && second - lastOut >= plan.ScaleOutCooldown ? 1
                : wanted < instances && use < 0.9 && second - Math.Max(lastIn, lastOut) >= plan.ScaleInCooldown ? -1 : 0;
            if (direction == 0)
            {
                continue;
            }

            changes++;
            reversals += direction == -lastDirection && second - lastChange < 2 * Math.Max(plan.ScaleInCooldown, plan.ScaleOutCooldown) ? 1 : 0;
            (lastDirection, lastChange) = (direction, second);
            (lastOut, lastIn) = direction > 0 ? (second, lastIn) : (lastOut, second);
            instances = wanted;
        }

        return new PolicyOutcome(changes, reversals, overloaded);
    }

    /// <summary>A day of load, second by second: a wave between a fifth of the peak and the peak, with noise of 10 %, seeded.</summary>
    public static IReadOnlyList<double> Day(double peak, int seed = 1)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, 86_400).Select(s => peak * (0.6 - 0.4 * Math.Cos(2 * Math.PI * s / 86_400)) * (0.9 + 0.2 * random.NextDouble()))];
    }
}

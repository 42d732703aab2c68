namespace Fettle.LoadTesting.Capacity;

/// <summary>What a scaling policy did in a simulated load.</summary>
/// <param name="Changes">How often the number of instances changed.</param>
/// <param name="Reversals">How often a change undid the one before it within fifteen minutes: flapping.</param>
/// <param name="OverloadedSeconds">Seconds in which the instances could not carry the load.</param>
/// <param name="MostInstances">The highest number of instances.</param>
/// <param name="InstanceHours">Instances times hours: the cost.</param>
/// <param name="LastInstances">The number of instances at the end.</param>
public sealed record PolicyOutcome(int Changes, int Reversals, int OverloadedSeconds, int MostInstances, double InstanceHours, int LastInstances);

/// <summary>
/// Plays a scaling policy against the measured curve: processor use and latency of the instances follow from the fitted law, new instances
/// serve half a minute after they were asked for.
/// </summary>
static class PolicySimulation
{
    const int StartSeconds = 30;
    const int FlappingSeconds = 900;

    /// <summary>Runs the policy over a load, one value per second in requests per second.</summary>
    public static PolicyOutcome Run(SimulatedPolicy policy, CapacityPlan plan, SimulatedService service, IReadOnlyList<double> load)
    {
        var coming = new Queue<int>();
        var (instances, ready) = (plan.MinInstances, plan.MinInstances);
        var (lastDirection, lastChange) = (0, int.MinValue / 2);
        var (changes, reversals, overloaded, most, seconds) = (0, 0, 0, instances, 0L);
        for (var second = 0; second < load.Count; second++)
        {
            while (coming.TryPeek(out var at) && at <= second)
            {
                coming.Dequeue();
                ready++;
            }

            overloaded += load[second] > ready * service.FullRate ? 1 : 0;
            seconds += instances;
            var wanted = Math.Clamp(policy.Wanted(service.At(second, instances, ready, load[second])), plan.MinInstances, plan.MaxInstances);
            if (wanted == instances)
            {
                continue;
            }

            var direction = Math.Sign(wanted - instances);
            changes++;
            reversals += direction == -lastDirection && second - lastChange < FlappingSeconds ? 1 : 0;
            (lastDirection, lastChange) = (direction, second);
            for (var i = instances; i < wanted; i++)
            {
                coming.Enqueue(second + StartSeconds);
            }

            for (var i = instances; i > wanted; i--)
            {
                // Those that do not serve yet go first.
                if (coming.Count > 0)
                {
                    coming.Dequeue();
                }
                else
                {
                    ready--;
                }
            }

            (instances, most) = (wanted, Math.Max(most, wanted));
        }

        return new PolicyOutcome(changes, reversals, overloaded, most, seconds / 3600.0, instances);
    }
}

/// <summary>What a policy can see in a second.</summary>
/// <param name="Second">Since the beginning.</param>
/// <param name="Instances">Asked for.</param>
/// <param name="Ready">Serving.</param>
/// <param name="Rate">Requests per second of a serving instance.</param>
/// <param name="CpuPercent">Mean processor use of a serving instance.</param>
/// <param name="P95Milliseconds">95th percentile of latency.</param>
readonly record struct PolicyView(int Second, int Instances, int Ready, double Rate, double CpuPercent, double P95Milliseconds);

/// <summary>The instances as the fitted law has them.</summary>
sealed class SimulatedService
{
    const int Steps = 400;
    const double NearlyFull = 0.99;

    readonly double[] _p95 = new double[Steps + 1];

    public SimulatedService(CapacityPlan plan, double targetCpu)
    {
        FullRate = plan.RatePerInstance / targetCpu;
        for (var i = 0; i <= Steps; i++)
        {
            _p95[i] = plan.P95At(FullRate * Math.Min(NearlyFull, (double)i / Steps));
        }
    }

    /// <summary>Requests per second at which an instance has no more to give.</summary>
    public double FullRate { get; }

    public PolicyView At(int second, int instances, int ready, double load)
    {
        var rate = load / Math.Max(1, ready);
        var use = rate / FullRate;
        // Beyond the peak the queue grows until requests time out; ten times the latency at the peak stands for that.
        var p95 = use > 1 ? 10 * _p95[Steps] : _p95[(int)(use * Steps)];
        return new PolicyView(second, instances, ready, rate, 100 * Math.Min(1, use), p95);
    }
}

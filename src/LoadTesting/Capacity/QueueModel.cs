namespace Fettle.LoadTesting.Capacity;

/// <summary>
/// An instance as a queue with several servers, Poisson arrivals and exponential service (M/M/c, A. K. Erlang 1917): as many servers as the
/// law's peak has times the throughput of one request at a time, and the peak's throughput when all are busy. Unlike the law, which is
/// about users that wait for answers, it says what latency independent arrivals see.
/// </summary>
/// <param name="Servers">Servers, at least 1.</param>
/// <param name="ServiceRate">Requests per second of one server.</param>
public sealed record QueueModel(int Servers, double ServiceRate)
{
    /// <summary>Requests per second when every server is busy.</summary>
    public double Capacity => Servers * ServiceRate;

    /// <summary>The queue of an instance whose law is known.</summary>
    /// <param name="law">The law of one instance over its concurrency.</param>
    /// <param name="capacity">Requests per second at its peak.</param>
    public static QueueModel Of(ScalabilityLaw law, double capacity)
    {
        var servers = Math.Max(1, (int)Math.Round(capacity / law.Lambda));
        return new QueueModel(servers, capacity / servers);
    }

    /// <summary>The share of arrivals that wait (Erlang's C); 1 at and beyond the capacity.</summary>
    public double WaitingShare(double rate)
    {
        if (rate >= Capacity)
        {
            return 1;
        }

        // Erlang's B by its recursion, which neither overflows nor cancels, then C from B.
        var (load, blocked) = (rate / ServiceRate, 1.0);
        for (var server = 1; server <= Servers; server++)
        {
            blocked = load * blocked / (server + load * blocked);
        }

        return blocked / (1 - load / Servers * (1 - blocked));
    }

    /// <summary>Mean time in seconds from arrival to answer; infinite at and beyond the capacity.</summary>
    public double Mean(double rate) => rate >= Capacity ? double.PositiveInfinity : 1 / ServiceRate + WaitingShare(rate) / (Capacity - rate);

    /// <summary>A percentile (0 to 100, exclusive) of the time in seconds from arrival to answer; infinite at and beyond the capacity.</summary>
    public double Percentile(double rate, double percentile)
    {
        Throw.InRange(percentile, 0.001, 99.999, nameof(percentile));
        if (rate >= Capacity)
        {
            return double.PositiveInfinity;
        }

        var (low, high) = (0.0, 1 / ServiceRate);
        while (Beyond(rate, high) > 1 - percentile / 100)
        {
            high *= 2;
        }

        for (var i = 0; i < 60; i++)
        {
            var middle = (low + high) / 2;
            (low, high) = Beyond(rate, middle) > 1 - percentile / 100 ? (middle, high) : (low, middle);
        }

        return high;
    }

    /// <summary>The share of requests that take longer than the given seconds.</summary>
    double Beyond(double rate, double seconds)
    {
        var (waiting, drain) = (WaitingShare(rate), Capacity - rate);
        var served = Math.Exp(-ServiceRate * seconds);
        // Waiting and service are independent; where their rates meet the difference quotient becomes its limit.
        var both = Math.Abs(drain - ServiceRate) < 1e-9 * ServiceRate
            ? (1 + ServiceRate * seconds) * served
            : (drain * served - ServiceRate * Math.Exp(-drain * seconds)) / (drain - ServiceRate);
        return (1 - waiting) * served + waiting * both;
    }
}

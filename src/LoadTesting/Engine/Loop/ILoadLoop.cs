namespace Fettle.LoadTesting.Engine.Loop;

/// <summary>One thread that carries out a share of every job.</summary>
interface ILoadLoop : IDisposable
{
    IReadOnlyList<Workload> Workloads { get; }

    long ConnectionsOpened { get; }

    int InFlight { get; }

    int Waiting { get; }

    int Connections { get; }

    ThreadTimes Times { get; }

    void Stop();

    /// <summary>Runs until every workload is over and returns the moment.</summary>
    long Run();
}

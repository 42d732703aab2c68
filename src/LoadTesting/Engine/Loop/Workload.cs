using Fettle.LoadTesting.Arrivals;

namespace Fettle.LoadTesting.Engine.Loop;

/// <summary>One loop's share of one scenario: when it starts and ends, what it sends and where it counts.</summary>
sealed class Workload
{
    public required string Name { get; init; }

    public required LoadModel Model { get; init; }

    public required ConnectionPool Pool { get; init; }

    public required Recorder Recorder { get; init; }

    /// <summary>Plain requests; null when <see cref="Flows"/> is set.</summary>
    public IRequestSource? Source { get; init; }

    public IFlowSource? Flows { get; init; }

    public required long Timeout { get; init; }

    /// <summary>Nanoseconds on the loop's clock.</summary>
    public required long Start { get; init; }

    public required long End { get; init; }

    public int Share { get; init; }

    public int Shares { get; init; } = 1;

    // The open model.
    public IArrivals? Arrivals { get; private set; }

    public long NextArrival { get; private set; } = long.MaxValue;

    /// <summary>Flows of finished iterations of the open model, for the next arrivals.</summary>
    public Stack<Actor> Spare { get; } = new();

    public int Actors { get; set; }

    // The closed model.
    public UserSchedule? Users { get; private set; }

    public int ActiveUsers { get; set; }

    public int TargetUsers { get; set; }

    public long NextUserCheck { get; set; } = long.MaxValue;

    public long RequestsLeft { get; set; } = long.MaxValue;

    public Random Think { get; private set; } = Random.Shared;

    /// <summary>Requests that were started and have not ended.</summary>
    public int Open { get; set; }

    public bool Stopped { get; set; }

    public void Prepare()
    {
        switch (Model)
        {
            case ArrivalModel open:
                Arrivals = new ArrivalProcess(open, Share, Shares);
                Advance();
                break;
            case ReplayModel replay:
                Arrivals = new ReplayArrivals(replay.Seconds, Share, Shares);
                Advance();
                break;
            case UserModel closed:
                Users = new UserSchedule(closed.Stages, Share, Shares);
                NextUserCheck = Start;
                Think = new Random(unchecked(closed.Seed + Share));
                if (closed.Requests is { } limit)
                {
                    RequestsLeft = limit / Shares + (Share < limit % Shares ? 1 : 0);
                }

                break;
        }
    }

    /// <summary>Moves to the next arrival; none is left when the profile or the scenario is over.</summary>
    public void Advance()
    {
        NextArrival = Arrivals!.TryNext(out var seconds) && seconds * 1e9 < End - Start ? Start + (long)(seconds * 1e9) : long.MaxValue;
    }

    /// <summary>Nothing more will start by itself and nothing is under way.</summary>
    public bool Over(long now) =>
        Open == 0 && (Stopped || now >= End || NextArrival == long.MaxValue && Users is null || Users is not null && RequestsLeft <= 0);

    public long DrawThink()
    {
        var closed = (UserModel)Model;
        var (least, most) = (MonotonicClock.From(closed.ThinkMin), MonotonicClock.From(closed.ThinkMax));
        return most <= least ? least : least + (long)(Think.NextDouble() * (most - least));
    }
}

/// <summary>A user of the closed model, or one arrival whose flow has several requests.</summary>
sealed class Actor(Workload workload, Flow? flow, int number)
{
    public Workload Workload { get; } = workload;

    public Flow? Flow { get; } = flow;

    public int Number { get; } = number;

    /// <summary>The request to send when the actor's pause is over; null begins a new iteration.</summary>
    public LoadRequest? Next { get; set; }
}

/// <summary>One request on its way.</summary>
struct Exchange
{
    public Workload Workload;
    public Actor? Actor;
    public LoadRequest Request;
    public long Intended;
    public long Seen;
    public long Sent;
    public bool Retried;

    public readonly long Deadline => Intended + Workload.Timeout;
}

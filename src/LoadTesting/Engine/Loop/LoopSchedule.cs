using Fettle.LoadTesting.Engine.Http;

namespace Fettle.LoadTesting.Engine.Loop;

/// <summary>When requests begin and what follows when they end: arrivals, users, pauses. How they are sent is up to the loop.</summary>
abstract class LoopSchedule(IReadOnlyList<Workload> workloads)
{
    const int StartsPerTurn = 64;
    const long RestAfterFailure = 50_000_000;

    readonly PriorityQueue<Actor, long> _pausing = new();

    public IReadOnlyList<Workload> Workloads => workloads;

    /// <summary>Sends the request, at once or when there is a connection for it.</summary>
    protected abstract void Dispatch(in Exchange exchange);

    protected void Prepare()
    {
        foreach (var workload in workloads)
        {
            workload.Prepare();
        }
    }

    protected bool AllOver(long now)
    {
        foreach (var workload in workloads)
        {
            if (!workload.Over(now))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>An answer came, whatever it says.</summary>
    protected void Answered(in Exchange exchange, long now, int status, AnswerCapture? capture)
    {
        var request = exchange.Request;
        var error = request.Accepts(status) ? null : StatusError(status);
        error ??= exchange.Actor?.Flow?.FailedCheck(new Answer(request, status, capture, null));
        exchange.Workload.Recorder.Answered(exchange, now, error, error is null ? "" : Detail(status, capture));
        exchange.Workload.Open--;
        Proceed(exchange, now, new Answer(request, status, capture, error));
    }

    /// <summary>A request ends without an answer.</summary>
    protected void End(in Exchange exchange, long now, string error, string detail, bool waited, bool sent)
    {
        exchange.Workload.Recorder.Unanswered(exchange, now, error, detail, waited, sent);
        exchange.Workload.Open--;
        Proceed(exchange, now, new Answer(exchange.Request, 0, null, error));
    }

    static string StatusError(int status) => StatusErrors[status - 100 is >= 0 and < 900 and var at ? at : 0] ??= $"status {status}";

    static readonly string?[] StatusErrors = new string?[900];

    static string Detail(int status, AnswerCapture? capture) => capture is null or { BodyBytes.Length: 0 }
        ? $"HTTP {status}"
        : $"HTTP {status}: {System.Text.Encoding.UTF8.GetString(capture.BodyBytes.Span[..Math.Min(200, capture.BodyBytes.Length)])}";

    /// <summary>Starts what is due and returns the next due moment.</summary>
    protected long StartDue(long now)
    {
        var next = long.MaxValue;
        foreach (var workload in workloads)
        {
            if (workload.Stopped)
            {
                continue;
            }

            // A bounded number per turn: after a delay of its own the loop reads answers between bursts instead of piling up requests.
            for (var started = 0; workload.NextArrival <= now && started < StartsPerTurn; started++)
            {
                Arrive(workload, workload.NextArrival, now);
                workload.Advance();
            }

            if (workload.NextUserCheck <= now)
            {
                AdjustUsers(workload, now);
            }

            next = Math.Min(next, Math.Min(workload.NextArrival, workload.NextUserCheck));
            if (workload.Users is not null)
            {
                next = Math.Min(next, workload.End);
            }
        }

        while (_pausing.TryPeek(out var actor, out var due) && due <= now)
        {
            _pausing.Dequeue();
            Resume(actor, due, now);
        }

        return _pausing.TryPeek(out _, out var pause) ? Math.Min(next, pause) : next;
    }

    void Arrive(Workload workload, long intended, long now)
    {
        if (workload.Flows is null)
        {
            Start(workload, null, workload.Source!.Next(), intended, now);
            return;
        }

        if (!workload.Spare.TryPop(out var actor))
        {
            var number = workload.Share + workload.Actors++ * workload.Shares;
            actor = new Actor(workload, workload.Flows.Create(number), number);
        }

        Start(workload, actor, actor.Flow!.Begin(), intended, now);
    }

    void AdjustUsers(Workload workload, long now)
    {
        if (now >= workload.End)
        {
            workload.NextUserCheck = long.MaxValue;
            return;
        }

        var seconds = (now - workload.Start) / 1e9;
        workload.TargetUsers = workload.Users!.At(seconds);
        while (workload.ActiveUsers < workload.TargetUsers && workload.RequestsLeft > 0)
        {
            workload.ActiveUsers++;
            var number = workload.Share + workload.Actors++ * workload.Shares;
            Resume(new Actor(workload, workload.Flows?.Create(number), number), now, now);
        }

        var until = workload.Users.UntilChange(seconds);
        workload.NextUserCheck = double.IsPositiveInfinity(until) || until > 1e9 ? long.MaxValue : now + Math.Max(1_000_000, (long)(until * 1e9));
    }

    /// <summary>The actor's pause is over: it sends its next request, or begins a new iteration, or leaves.</summary>
    void Resume(Actor actor, long due, long now)
    {
        var workload = actor.Workload;
        if (actor.Next is { } next)
        {
            actor.Next = null;
            workload.Open--;
            if (workload.Stopped || now >= workload.End)
            {
                return;
            }

            Start(workload, actor, next, due, now);
            return;
        }

        if (workload.Stopped || now >= workload.End || workload.ActiveUsers > workload.TargetUsers || workload.RequestsLeft <= 0)
        {
            workload.ActiveUsers--;
            return;
        }

        workload.RequestsLeft--;
        Start(workload, actor, actor.Flow?.Begin() ?? workload.Source!.Next(), due, now);
    }

    void Start(Workload workload, Actor? actor, LoadRequest request, long intended, long now)
    {
        workload.Open++;
        var exchange = new Exchange { Workload = workload, Actor = actor, Request = request, Intended = intended, Seen = now };
        Dispatch(exchange);
    }

    /// <summary>What the actor does after its request has ended: the next request of its flow, its think time, or nothing.</summary>
    void Proceed(in Exchange exchange, long now, in Answer answer)
    {
        if (exchange.Actor is not { } actor)
        {
            return;
        }

        var workload = exchange.Workload;
        var failed = answer.Status == 0;
        var pause = TimeSpan.Zero;
        if (actor.Flow?.Continue(answer, out pause) is { } next)
        {
            // A pause within an iteration counts as open, so that the run waits for the iteration's end.
            workload.Open++;
            actor.Next = next;
            Later(actor, MonotonicClock.From(pause), now, failed);
        }
        else if (workload.Users is null)
        {
            workload.Spare.Push(actor);
        }
        else
        {
            Later(actor, workload.DrawThink(), now, failed);
        }
    }

    void Later(Actor actor, long pause, long now, bool failed)
    {
        if (pause == 0 && !failed)
        {
            Resume(actor, now, now);
            return;
        }

        // After a broken connection even a user without think time rests: otherwise the loop would only fail, as fast as it can.
        _pausing.Enqueue(actor, now + (failed ? Math.Max(pause, RestAfterFailure) : pause));
    }
}

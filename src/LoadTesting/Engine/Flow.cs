using Fettle.LoadTesting.Engine.Http;

namespace Fettle.LoadTesting.Engine;

/// <summary>
/// What one user, or one arrival, does: a request and, after its answer, perhaps another. A flow belongs to one actor at a time,
/// so it may keep variables and cookies. Plain sources need none.
/// </summary>
abstract class Flow
{
    /// <summary>The first request of a new iteration.</summary>
    public abstract LoadRequest Begin();

    /// <summary>The request after this answer, or null when the iteration is over; the pause comes before it.</summary>
    public abstract LoadRequest? Continue(in Answer answer, out TimeSpan pause);

    /// <summary>Where the answer to the request is kept, or null when nobody reads it.</summary>
    public abstract AnswerCapture? CaptureFor(LoadRequest request);

    /// <summary>The name of the first check that the answer fails, or null; a failed check is an error.</summary>
    public abstract string? FailedCheck(in Answer answer);
}

/// <summary>What came back: status zero when there was no answer.</summary>
readonly ref struct Answer(LoadRequest request, int status, AnswerCapture? capture, string? error)
{
    public LoadRequest Request { get; } = request;

    public int Status { get; } = status;

    public AnswerCapture? Capture { get; } = capture;

    public string? Error { get; } = error;
}

/// <summary>Makes the flow of one actor.</summary>
interface IFlowSource
{
    Flow Create(int actor);
}

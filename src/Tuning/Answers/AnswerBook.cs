namespace Fettle.Tuning.Answers;

/// <summary>
/// The answers that every later state of the service is held to. Recorded twice on the baseline: what differs between the two
/// recordings (timestamps, ids, timings) is noise, learned by the place's pattern and never compared, and listed in the report.
/// </summary>
internal sealed class AnswerBook
{
    readonly List<(GoldenRequest Request, Answer Answer)> _answers;
    readonly HashSet<string> _noise;

    AnswerBook(List<(GoldenRequest, Answer)> answers, HashSet<string> noise, IReadOnlyList<string> leftOut)
    {
        _answers = answers;
        _noise = noise;
        LeftOut = leftOut;
    }

    /// <summary>Requests that are no gate because they answer differently as a whole when asked twice, with the difference.</summary>
    public IReadOnlyList<string> LeftOut { get; }

    public int Count => _answers.Count;

    public IReadOnlyCollection<string> Noise => _noise;

    public IEnumerable<GoldenRequest> Requests => _answers.Select(a => a.Request);

    /// <param name="requests">At least one.</param>
    /// <param name="first">Answers of the first pass, in order.</param>
    /// <param name="second">Answers of the second pass over the same requests.</param>
    /// <param name="ignore">Patterns of places that are known to differ.</param>
    /// <param name="leaveOut">Leaves out what differs as a whole, instead of refusing.</param>
    /// <exception cref="TuningException">The baseline disagrees with itself in status or in the whole body: nothing can be held to it.</exception>
    public static AnswerBook Learn(IReadOnlyList<GoldenRequest> requests, IReadOnlyList<Answer> first, IReadOnlyList<Answer> second, IReadOnlyList<string>? ignore = null, bool leaveOut = false)
    {
        if (requests.Count == 0 || requests.Count != first.Count || requests.Count != second.Count)
        {
            Throw.LengthsDiffer(requests.Count, Math.Min(first.Count, second.Count));
        }

        var comparer = new AnswerComparer();
        var noise = new HashSet<string>(ignore ?? [], StringComparer.Ordinal);
        var kept = new List<(GoldenRequest, Answer)>();
        var leftOut = new List<string>();
        for (var i = 0; i < requests.Count; i++)
        {
            var differences = comparer.Compare(first[i], second[i], requests[i].AcceptEncoding);
            if (differences.FirstOrDefault(d => d.Where is "status" or "body" or "/") is { } whole)
            {
                if (!leaveOut)
                {
                    throw new TuningException($"{requests[i]} answers differently when asked twice ({whole}): leave it out of the scenario, its answer cannot be a gate");
                }

                leftOut.Add($"{requests[i]}: {whole}");
                continue;
            }

            noise.UnionWith(differences.Select(d => d.Pattern));
            kept.Add((requests[i], first[i]));
        }

        return kept.Count > 0
            ? new AnswerBook(kept, noise, leftOut)
            : throw new TuningException($"no request answers the same when asked twice, so nothing can be a gate: {leftOut[0]}");
    }

    /// <summary>Each request with the digest of its answer as compared: status, headers, body without noise.</summary>
    public IEnumerable<(string Request, string Digest)> Digests()
    {
        foreach (var (request, answer) in _answers)
        {
            var key = $"{request}{(request.Body is null ? "" : " " + AnswerDigest.Short(request.Body))}";
            yield return (key, AnswerDigest.Of(answer, _noise));
        }
    }

    /// <summary>Compares one pass over all requests with the recorded answers.</summary>
    /// <param name="answers">In the order of <see cref="Requests"/>.</param>
    /// <param name="tolerance">Relative tolerance that the action declares; 0 for lossless ones.</param>
    public AnswerReport Compare(IReadOnlyList<Answer> answers, double tolerance = 0)
    {
        if (answers.Count != _answers.Count)
        {
            Throw.LengthsDiffer(_answers.Count, answers.Count);
        }

        var comparer = new AnswerComparer(tolerance);
        var different = 0;
        var examples = new List<string>();
        for (var i = 0; i < answers.Count; i++)
        {
            var differences = comparer.Compare(_answers[i].Answer, answers[i], _answers[i].Request.AcceptEncoding).Where(d => !_noise.Contains(d.Pattern)).ToArray();
            if (differences.Length > 0)
            {
                different++;
                if (examples.Count < 5)
                {
                    examples.Add($"{_answers[i].Request}: {differences[0]}");
                }
            }
        }

        return new AnswerReport(answers.Count, different, examples);
    }
}

/// <summary>How many answers were compared, how many differ, and up to five examples.</summary>
internal sealed record AnswerReport(int Compared, int Different, IReadOnlyList<string> Examples)
{
    public AnswerReport And(AnswerReport other) => new(Compared + other.Compared, Different + other.Different, [.. Examples, .. other.Examples]);
}

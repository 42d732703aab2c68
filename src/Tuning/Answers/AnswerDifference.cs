namespace Fettle.Tuning.Answers;

/// <summary>One place in which two answers disagree.</summary>
/// <param name="Where"><c>status</c>, a header's name, or a JSON pointer into the body with indices.</param>
/// <param name="Expected">As recorded on the baseline, shortened.</param>
/// <param name="Actual">As the candidate answers, shortened.</param>
internal sealed record AnswerDifference(string Where, string Expected, string Actual)
{
    /// <summary>The pointer with array indices replaced by <c>*</c>: the name under which noise is learned.</summary>
    public string Pattern => Generalise(Where);

    public override string ToString() => $"{Where}: {Expected} → {Actual}";

    static string Generalise(string pointer) =>
        string.Join('/', pointer.Split('/').Select(part => part.Length > 0 && part.All(char.IsAsciiDigit) ? "*" : part));
}

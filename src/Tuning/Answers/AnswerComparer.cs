using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Fettle.Tuning.Answers;

/// <summary>
/// Compares two answers: status, content type, Vary and encoding as text; JSON bodies structurally (member order does not matter, array order does,
/// numbers by value), other bodies byte by byte.
/// </summary>
internal sealed class AnswerComparer
{
    /// <summary>A larger difference of two numbers is a change, whoever declares it.</summary>
    public const double MostTolerance = 0.1;

    const int MostDifferences = 32;
    const string AcceptEncoding = "accept-encoding";
    readonly double _tolerance;

    /// <param name="tolerance">Largest relative difference of two numbers that are equal, 0–0.1; 0 unless an action declares a loss.</param>
    public AnswerComparer(double tolerance = 0) =>
        _tolerance = Throw.InRange(tolerance, 0, MostTolerance, nameof(tolerance));

    /// <summary>
    /// Up to 32 differences, the first found first. An encoding may change only to one that the client asked for and with
    /// <c>Vary: Accept-Encoding</c>, so that no cache on the way serves it to a client which did not.
    /// </summary>
    /// <param name="expected">The recorded answer.</param>
    /// <param name="actual">The candidate's answer.</param>
    /// <param name="acceptEncoding">What the request asked for; null for no Accept-Encoding.</param>
    public IReadOnlyList<AnswerDifference> Compare(Answer expected, Answer actual, string? acceptEncoding = null)
    {
        var differences = new List<AnswerDifference>();
        if (expected.Status != actual.Status)
        {
            differences.Add(new("status", expected.Status.ToString(CultureInfo.InvariantCulture), actual.Status.ToString(CultureInfo.InvariantCulture)));
        }

        Header(differences, "content-type", expected.ContentType, actual.ContentType);
        var encodingAllowed = actual.ContentEncoding is "" || Accepts(acceptEncoding, actual.ContentEncoding);
        var varies = Members(actual.Vary).Contains(AcceptEncoding);
        if (!encodingAllowed || (actual.ContentEncoding is not "" && actual.ContentEncoding != expected.ContentEncoding && !varies))
        {
            Header(differences, "content-encoding", expected.ContentEncoding, actual.ContentEncoding + (encodingAllowed ? " without Vary: Accept-Encoding" : " unasked"));
        }

        Header(differences, "vary", string.Join(", ", Members(expected.Vary).Except([AcceptEncoding])), string.Join(", ", Members(actual.Vary).Except([AcceptEncoding])));
        if (expected.Body.AsSpan().SequenceEqual(actual.Body))
        {
            return differences;
        }

        if (!IsJson(expected) || !TryParse(expected.Body, out var a) || !TryParse(actual.Body, out var b))
        {
            differences.Add(new("body", Short(expected.Body), Short(actual.Body)));
            return differences;
        }

        using (a)
        using (b)
        {
            Walk(a.RootElement, b.RootElement, "", differences);
        }

        return differences;
    }

    static bool Accepts(string? acceptEncoding, string encoding) => acceptEncoding is not null && acceptEncoding.Split(',')
        .Select(part => part.Split(';'))
        .Any(part => (part[0].Trim() == encoding || part[0].Trim() == "*") && !part.Skip(1).Any(q => q.Replace(" ", "", StringComparison.Ordinal) is "q=0" or "q=0.0"));

    static string[] Members(string vary) => vary.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);

    static void Header(List<AnswerDifference> differences, string name, string expected, string actual)
    {
        if (!string.Equals(expected, actual, StringComparison.OrdinalIgnoreCase))
        {
            differences.Add(new(name, expected is "" ? "(none)" : expected, actual is "" ? "(none)" : actual));
        }
    }

    void Walk(JsonElement a, JsonElement b, string path, List<AnswerDifference> differences)
    {
        if (differences.Count >= MostDifferences)
        {
            return;
        }

        if (a.ValueKind != b.ValueKind)
        {
            differences.Add(new(At(path), Short(a), Short(b)));
            return;
        }

        switch (a.ValueKind)
        {
            case JsonValueKind.Object:
                Members(a, b, path, differences);
                break;
            case JsonValueKind.Array:
                var length = a.GetArrayLength();
                if (length != b.GetArrayLength())
                {
                    differences.Add(new(At(path), $"{length} items", $"{b.GetArrayLength()} items"));
                    break;
                }

                for (var i = 0; i < length; i++)
                {
                    Walk(a[i], b[i], $"{path}/{i}", differences);
                }

                break;
            case JsonValueKind.Number when !NumbersEqual(a, b):
            case JsonValueKind.String when a.GetString() != b.GetString():
                differences.Add(new(At(path), Short(a), Short(b)));
                break;
        }
    }

    void Members(JsonElement a, JsonElement b, string path, List<AnswerDifference> differences)
    {
        foreach (var member in a.EnumerateObject())
        {
            var inner = $"{path}/{Escape(member.Name)}";
            if (b.TryGetProperty(member.Name, out var other))
            {
                Walk(member.Value, other, inner, differences);
            }
            else
            {
                differences.Add(new(inner, Short(member.Value), "(missing)"));
            }
        }

        foreach (var member in b.EnumerateObject())
        {
            if (!a.TryGetProperty(member.Name, out _))
            {
                differences.Add(new($"{path}/{Escape(member.Name)}", "(missing)", Short(member.Value)));
            }
        }
    }

    bool NumbersEqual(JsonElement a, JsonElement b)
    {
        if (a.GetRawText() == b.GetRawText())
        {
            return true;
        }

        // Both must agree: a double cannot tell two long integers apart, a decimal cannot tell two very small fractions apart.
        var x = a.GetDouble();
        var y = b.GetDouble();
        if (x == y && a.TryGetDecimal(out var da) && b.TryGetDecimal(out var db))
        {
            return da == db;
        }

        return _tolerance > 0 ? Math.Abs(x - y) <= _tolerance * Math.Max(Math.Abs(x), Math.Abs(y)) : x == y && double.IsFinite(x);
    }

    static bool IsJson(Answer answer) => answer.ContentType.Contains("json", StringComparison.OrdinalIgnoreCase);

    static bool TryParse(byte[] body, out JsonDocument document)
    {
        try
        {
            document = JsonDocument.Parse(body);
            return true;
        }
        catch (JsonException)
        {
            document = null!;
            return false;
        }
    }

    static string At(string path) => path is "" ? "/" : path;

    static string Escape(string name) => name.Replace("~", "~0", StringComparison.Ordinal).Replace("/", "~1", StringComparison.Ordinal);

    static string Short(JsonElement value) => Short(Encoding.UTF8.GetBytes(value.GetRawText()));

    static string Short(byte[] body)
    {
        var text = Encoding.UTF8.GetString(body);
        return text.Length <= 60 ? text : $"{text[..57]}…";
    }
}

using System.Text;

namespace Fettle.LoadTesting.Engine.Http;

/// <summary>Keeps headers and the beginning of the body of an answer, for checks, extraction and error samples.</summary>
sealed class AnswerCapture(int maxBodyBytes = 1 << 20)
{
    const int SampleBytes = 200;

    readonly List<KeyValuePair<string, string>> _headers = [];
    readonly MemoryStream _body = new();

    public IReadOnlyList<KeyValuePair<string, string>> Headers => _headers;

    public ReadOnlyMemory<byte> BodyBytes => _body.GetBuffer().AsMemory(0, (int)_body.Length);

    /// <summary>Keeps the beginning of an answer that says what is wrong, for its sample; one object serves a connection for all of them.</summary>
    public static AnswerCapture OfError(ref AnswerCapture? kept)
    {
        kept ??= new AnswerCapture(SampleBytes);
        kept.Restart();
        return kept;
    }

    public void Restart()
    {
        _headers.Clear();
        _body.SetLength(0);
    }

    public void Header(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value) =>
        _headers.Add(new(Encoding.Latin1.GetString(name), Encoding.Latin1.GetString(value)));

    public void Body(ReadOnlySpan<byte> piece) => _body.Write(piece[..(int)Math.Min(piece.Length, maxBodyBytes - _body.Length)]);
}

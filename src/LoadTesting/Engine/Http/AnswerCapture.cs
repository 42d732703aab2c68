using System.Text;

namespace Fettle.LoadTesting.Engine.Http;

/// <summary>Keeps headers and the beginning of the body of an answer, for checks, extraction and error samples.</summary>
sealed class AnswerCapture(int maxBodyBytes = 1 << 20)
{
    readonly List<KeyValuePair<string, string>> _headers = [];
    readonly MemoryStream _body = new();

    public IReadOnlyList<KeyValuePair<string, string>> Headers => _headers;

    public ReadOnlyMemory<byte> BodyBytes => _body.GetBuffer().AsMemory(0, (int)_body.Length);

    public void Restart()
    {
        _headers.Clear();
        _body.SetLength(0);
    }

    public void Header(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value) =>
        _headers.Add(new(Encoding.Latin1.GetString(name), Encoding.Latin1.GetString(value)));

    public void Body(ReadOnlySpan<byte> piece) => _body.Write(piece[..(int)Math.Min(piece.Length, maxBodyBytes - _body.Length)]);
}

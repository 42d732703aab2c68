using System.Text;
using Fettle.Tuning.Answers;

namespace Fettle.Tuning.Tests.Answers;

public sealed class AnswerDigestTests
{
    [Theory]
    [InlineData("""{"a":1,"b":[1,2]}""", """{"b":[1,2],"a":1}""")]
    [InlineData("""{"a":1.0}""", """{"a":1.00}""")]
    [InlineData("""{"a":100}""", """{"a":1e2}""")]
    [InlineData("""{"a":"\u0041"}""", """{"a":"A"}""")]
    public void SameMeaning_HasOneDigest(string a, string b) => Digest(a).ShouldBe(Digest(b));

    [Theory]
    [InlineData("""{"a":1}""", """{"a":2}""")]
    [InlineData("""{"a":[1,2]}""", """{"a":[2,1]}""")]
    [InlineData("""{"a":null}""", """{}""")]
    [InlineData("""{"a":"1"}""", """{"a":1}""")]
    [InlineData("""{"a":9007199254740993}""", """{"a":9007199254740992}""")]
    [InlineData("""{"a":1e-40}""", """{"a":2e-40}""")]
    [InlineData("""["ab","c"]""", """["a","bc"]""")]
    [InlineData("not json", "not jsom")]
    public void OtherMeaning_HasAnother(string a, string b) => Digest(a).ShouldNotBe(Digest(b));

    [Fact]
    public void Noise_DoesNotCount()
    {
        Digest("""{"at":1,"items":[{"id":1,"x":2}]}""", "/at", "/items/*/id").ShouldBe(Digest("""{"items":[{"x":2,"id":9}],"at":5}""", "/at", "/items/*/id"));
        Digest("""{"at":1,"items":[{"id":1,"x":2}]}""", "/at").ShouldNotBe(Digest("""{"at":1,"items":[{"id":2,"x":2}]}""", "/at"));
    }

    [Fact]
    public void StatusAndContentType_Count()
    {
        AnswerDigest.Of(Answer("1") with { Status = 500 }, []).ShouldNotBe(Digest("1"));
        AnswerDigest.Of(Answer("1") with { ContentType = "text/json" }, []).ShouldNotBe(Digest("1"));
        AnswerDigest.Of(Answer("1") with { Vary = "accept-encoding" }, []).ShouldBe(Digest("1"));
    }

    static string Digest(string body, params string[] noise) => AnswerDigest.Of(Answer(body), noise.ToHashSet());

    static Answer Answer(string body) => new(200, "application/json", "", "", Encoding.UTF8.GetBytes(body));
}

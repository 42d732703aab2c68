using System.Text;
using Fettle.Tuning.Answers;

namespace Fettle.Tuning.Tests.Answers;

public sealed class AnswerComparerTests
{
    [Theory]
    [InlineData("""{"a":1,"b":[1,2]}""", """{"b":[1,2],"a":1}""")]
    [InlineData("""{"a":1.0}""", """{"a":1.00}""")]
    [InlineData("""{"a":100}""", """{"a":1e2}""")]
    [InlineData("""{"a":"\u0041"}""", """{"a":"A"}""")]
    public void SameMeaning_IsEqual(string a, string b) => Compare(a, b).ShouldBeEmpty();

    [Theory]
    [InlineData("""{"a":1}""", """{"a":2}""", "/a")]
    [InlineData("""{"a":[1,2]}""", """{"a":[1,3]}""", "/a/1")]
    [InlineData("""{"a":[1,2]}""", """{"a":[1]}""", "/a")]
    [InlineData("""{"a":null}""", """{}""", "/a")]
    [InlineData("""{}""", """{"a":0}""", "/a")]
    [InlineData("""{"a":"1"}""", """{"a":1}""", "/a")]
    [InlineData("""{"a":9007199254740993}""", """{"a":9007199254740992}""", "/a")]
    [InlineData("""{"a":1e-40}""", """{"a":2e-40}""", "/a")]
    [InlineData("""{"a/b":{"c~d":1}}""", """{"a/b":{"c~d":2}}""", "/a~1b/c~0d")]
    [InlineData("""{"a":0.61}""", """{"a":0.6100000001}""", "/a")]
    [InlineData("[1]", "{}", "/")]
    public void OtherMeaning_IsFoundAtItsPlace(string a, string b, string where) =>
        Compare(a, b).ShouldHaveSingleItem().Where.ShouldBe(where);

    [Fact]
    public void DeclaredTolerance_AllowsAsMuchAndNoMore()
    {
        Compare("""{"p":0.5000}""", """{"p":0.5004}""", 0.001).ShouldBeEmpty();
        Compare("""{"p":0.5000}""", """{"p":0.5010}""", 0.001).ShouldHaveSingleItem();
    }

    [Fact]
    public void BrotliForAClientThatDidNotAsk_IsADifference()
    {
        var plain = Json("{}");
        new AnswerComparer().Compare(plain, plain with { ContentEncoding = "br" }).ShouldHaveSingleItem().Where.ShouldBe("content-encoding");
    }

    [Fact]
    public void EncodingThatWasAskedFor_NeedsVary()
    {
        var plain = Json("{}");
        var comparer = new AnswerComparer();
        comparer.Compare(plain, plain with { ContentEncoding = "br", Vary = "accept-encoding" }, "gzip, br").ShouldBeEmpty();
        comparer.Compare(plain, plain with { ContentEncoding = "br" }, "gzip, br").ShouldHaveSingleItem().Where.ShouldBe("content-encoding");
        comparer.Compare(plain, plain with { ContentEncoding = "br", Vary = "accept-encoding" }, "br;q=0, gzip").ShouldHaveSingleItem();
        comparer.Compare(plain, plain with { ContentEncoding = "gzip", Vary = "accept-encoding" }, "identity").ShouldHaveSingleItem();
    }

    [Fact]
    public void StatusContentTypeAndVary_AreCompared()
    {
        var plain = Json("{}");
        var other = plain with { Status = 500, ContentType = "application/problem+json", Vary = "accept-encoding, origin" };
        new AnswerComparer().Compare(plain, other).Select(d => d.Where).ShouldBe(["status", "content-type", "vary"]);
    }

    [Fact]
    public void BodyThatIsNoJson_IsComparedByteByByte()
    {
        var text = new Answer(200, "text/plain", "", "", "abc"u8.ToArray());
        new AnswerComparer().Compare(text, text with { Body = "abd"u8.ToArray() }).ShouldHaveSingleItem().Where.ShouldBe("body");
        new AnswerComparer().Compare(Json("{"), Json("{}")).ShouldHaveSingleItem().Where.ShouldBe("body");
    }

    [Fact]
    public void ManyDifferences_AreCutOff() =>
        Compare($"[{string.Join(',', Enumerable.Repeat(1, 500))}]", $"[{string.Join(',', Enumerable.Repeat(2, 500))}]").Count.ShouldBe(32);

    [Fact]
    public void EveryJsonEqualsItself_AndAChangedLeafIsAlwaysFound()
    {
        for (var seed = 0; seed < 300; seed++)
        {
            var random = new Random(seed);
            var leaves = 0;
            var json = Generate(random, 3, ref leaves);
            Compare(json, json).ShouldBeEmpty();
            if (leaves > 0)
            {
                var at = random.Next(leaves);
                var changed = json.Replace($"\"leaf{at}\"", "\"changed\"", StringComparison.Ordinal);
                Compare(json, changed).ShouldHaveSingleItem();
            }
        }
    }

    static string Generate(Random random, int depth, ref int leaves)
    {
        var kind = depth == 0 ? 0 : random.Next(3);
        if (kind == 0)
        {
            return $"\"leaf{leaves++}\"";
        }

        var parts = new List<string>();
        for (var i = random.Next(1, 5); i > 0; i--)
        {
            var inner = Generate(random, depth - 1, ref leaves);
            parts.Add(kind == 1 ? inner : $"\"m{parts.Count}\":{inner}");
        }

        return kind == 1 ? $"[{string.Join(',', parts)}]" : $"{{{string.Join(',', parts)}}}";
    }

    internal static Answer Json(string body) => new(200, "application/json", "", "", Encoding.UTF8.GetBytes(body));

    static IReadOnlyList<AnswerDifference> Compare(string a, string b, double tolerance = 0) =>
        new AnswerComparer(tolerance).Compare(Json(a), Json(b));
}

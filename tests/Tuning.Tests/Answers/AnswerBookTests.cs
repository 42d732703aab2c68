using Fettle.Tuning.Answers;

namespace Fettle.Tuning.Tests.Answers;

public sealed class AnswerBookTests
{
    static readonly GoldenRequest Request = new("predict", "POST", "/api/v1/predict", "{}");

    [Fact]
    public void FieldThatDiffersBetweenTwoBaselines_IsLearnedAsNoise()
    {
        var book = Learn("""{"p":0.5,"items":[{"at":"1"},{"at":"2"}]}""", """{"p":0.5,"items":[{"at":"3"},{"at":"4"}]}""");

        book.Noise.ShouldBe(["/items/*/at"]);
        book.Compare([Json("""{"p":0.5,"items":[{"at":"8"},{"at":"9"}]}""")]).Different.ShouldBe(0);
        book.Compare([Json("""{"p":0.6,"items":[{"at":"8"},{"at":"9"}]}""")]).Different.ShouldBe(1);
    }

    [Fact]
    public void NoiseInOnePlace_DoesNotExcuseAnother()
    {
        var report = Learn("""{"at":1,"p":2}""", """{"at":2,"p":2}""").Compare([Json("""{"at":9,"p":3}""")]);
        report.Different.ShouldBe(1);
        report.Examples.ShouldHaveSingleItem().ShouldContain("/p: 2 → 3");
    }

    [Fact]
    public void StatusThatFlaps_CannotBeAGate() =>
        Should.Throw<TuningException>(() => AnswerBook.Learn([Request], [Json("{}")], [Json("{}") with { Status = 503 }])).Message.ShouldContain("POST /api/v1/predict");

    [Fact]
    public void FewerAnswersThanRequests_AreRefused() =>
        Should.Throw<ArgumentException>(() => Learn("{}", "{}").Compare([]));

    static AnswerBook Learn(string first, string second) => AnswerBook.Learn([Request], [Json(first)], [Json(second)]);

    static Answer Json(string body) => AnswerComparerTests.Json(body);
}

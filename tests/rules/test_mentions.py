"""What a note may call somebody: the shortest word that is nobody else's."""

from reviewapp.review.rules_mentions import handle_of_each, handles


def test_a_person_answers_to_first_name_whole_name_and_the_start_of_the_e_mail() -> None:
    assert handles("Ana María Ruiz", "a.ruiz@example.com") == ("ana", "anamaríaruiz", "a.ruiz")
    assert handles("", "ana@example.com") == ("ana",)


def test_each_gets_the_shortest_word_that_names_nobody_else() -> None:
    people = {
        1: ("Ana Ruiz", "a.ruiz@example.com"), 2: ("Ana Ito", "ana@example.com"), 3: ("Mo", "mo@example.com"),
        4: ("Mo", "mo@example.org"), 5: ("Zoë Öz", "z+o@example.com"), 6: ("", "x+y@example.com"),
    }  # fmt: skip
    assert handle_of_each(people) == {1: "a.ruiz", 2: "anaito", 5: "zoë"}
